# shellcheck shell=bash
# The source: fetched once, resumed where it stopped, checked against kernel.org's signed sums, kept.

sources=$state/sources
# Test seams: another mirror, and a key to trust in place of kernel.org's.
mirror=${SNOWGLOBE_KERNEL_MIRROR:-https://cdn.kernel.org/pub/linux/kernel}
# Seconds without a byte after which a mirror counts as stopped.
stall=${SNOWGLOBE_KERNEL_STALL:-30}
# "Kernel.org checksum autosigner <autosigner@kernel.org>", which signs sha256sums.asc (kernel.org/signature.html).
autosigner=B8868C80BA62A1FFFAF5FDA9632D3A06589DA6B1
# Where the key can be had: kernel.org's own web key directory (both forms), then a key server. Only the fingerprint is trusted.
key_urls=(
  'https://openpgpkey.kernel.org/.well-known/openpgpkey/kernel.org/hu/@WKD@?l=autosigner'
  'https://kernel.org/.well-known/openpgpkey/hu/@WKD@?l=autosigner'
  "https://keyserver.ubuntu.com/pks/lookup?op=get&options=mr&search=0x$autosigner"
)

# get URL FILE: appends to what FILE holds already, for as long as more comes: three tries in a row without a byte end it.
get() {
  local url=$1 file=$2 code status before idle=0
  while [ "$idle" -lt 3 ]; do
    before=$(stat -c %s "$file" 2>/dev/null || echo 0)
    code=0
    status=$(curl -sSL --fail -C - --connect-timeout 20 --speed-limit 1 --speed-time "$stall" \
      -w '%{http_code}' -o "$file" "$url" 2>"$file.error") || code=$?
    [ "$code" != 0 ] || { rm -f "$file.error"; return 0; }
    # 416: there is nothing after what we have. Whether that is the file is for its sum to say.
    [ "$status" != 416 ] || { rm -f "$file.error"; return 0; }
    # 23: it cannot be written, which no further try mends.
    [ "$code" != 23 ] || fail "$(dirname "$file") cannot be written: its disk is full or read-only. Make room there, then build again."
    case $status in 4??) fail "$url is not there (HTTP $status). Is the version right?" ;; esac
    # 33: this server cannot resume.
    [ "$code" != 33 ] || rm -f "$file"
    note "The download stopped: $(head -n 1 "$file.error")"
    idle=$((idle + 1))
    if [ "$(stat -c %s "$file" 2>/dev/null || echo 0)" -gt "$before" ]; then idle=0; fi
    if [ "$idle" -lt 3 ]; then sleep "$idle"; fi
  done
  rm -f "$file.error"
  fail "The mirror stops half-way: $url. What came is kept; build again to go on from there."
}

# trusted_key HOME: kernel.org's key into a new key ring there; prints its fingerprint.
trusted_key() {
  local gpg=(gpg --homedir "$1" --batch --quiet --no-autostart) found url wkd
  if [ -n "${SNOWGLOBE_KERNEL_KEY:-}" ]; then
    "${gpg[@]}" --import "$SNOWGLOBE_KERNEL_KEY" 2>/dev/null
    "${gpg[@]}" --with-colons --list-keys | awk -F: '$1 == "fpr" && !seen++ { print $10 }'
    return
  fi
  # The web key directory's name for "autosigner": z-base-32 of its SHA-1.
  wkd=$(wkd_name autosigner)
  if [ ! -s "$sources/autosigner.gpg" ]; then
    for url in "${key_urls[@]}"; do
      curl -sSL --fail --max-time 30 -o "$1/key" "${url/@WKD@/$wkd}" 2>/dev/null || continue
      found=$("${gpg[@]}" --with-colons --show-keys "$1/key" 2>/dev/null | awk -F: '$1 == "fpr" && !seen++ { print $10 }') || continue
      if [ "$found" = "$autosigner" ]; then mv "$1/key" "$sources/autosigner.gpg"; break; fi
    done
  fi
  [ -s "$sources/autosigner.gpg" ] || return 1
  "${gpg[@]}" --import "$sources/autosigner.gpg" 2>/dev/null || return 1
  echo "$autosigner"
}

# wkd_name LOCAL: z-base-32 of the SHA-1 of LOCAL (draft-koch-openpgp-webkey-service).
wkd_name() {
  local bits="" digit name="" alphabet=ybndrfg8ejkmcpqxot1uwisza345h769
  for digit in $(printf %s "$1" | sha1sum | cut -c 1-40 | fold -w 1); do
    bits+=$(printf '%04d' "$(bc <<<"obase=2; ibase=16; ${digit^^}")")
  done
  while [ -n "$bits" ]; do
    name+=${alphabet:$((2#${bits:0:5})):1}
    bits=${bits:5}
  done
  echo "$name"
}

# signed_sums FILE: the text that the trusted key signed in FILE, and nothing that stands outside it.
# Status 1: the signature is not good; 2: the key cannot be had.
signed_sums() (
  ring=$(mktemp -d)
  trap 'rm -rf "$ring"' EXIT
  trusted=$(without_lock trusted_key "$ring") || exit 2
  without_lock gpg --homedir "$ring" --batch --quiet --no-autostart --status-file "$ring/status" --output "$ring/text" \
    --decrypt "$1" 2>/dev/null || exit 1
  # The last field of VALIDSIG is the fingerprint of the primary key.
  grep -q "^\[GNUPG:\] VALIDSIG .* $trusted\$" "$ring/status" || exit 1
  cat "$ring/text"
)

# fetch VERSION: the verified tarball at $tarball. The sums come first, so that nothing is fetched that they do not name.
fetch() {
  local name=linux-$1.tar.xz sums expected sum resumed=no code=0
  tarball=$sources/$name
  mkdir -p "$sources"
  phase fetch
  sums=$sources/sha256sums-$1.asc
  if [ ! -s "$sums" ]; then
    rm -f "$sums.part"
    get "$mirror/v${1%%.*}.x/sha256sums.asc" "$sums.part"
    mv "$sums.part" "$sums"
  fi
  expected=$(signed_sums "$sums") || code=$?
  if [ "$code" != 0 ]; then
    rm -f "$sums"
    [ "$code" = 1 ] || fail "kernel.org's signing key ($autosigner) could not be had from kernel.org nor from a key server. Try again."
    fail "The signature of $mirror's sha256sums.asc is not kernel.org's: it was thrown away. Try again, and mistrust the mirror."
  fi
  expected=$(awk -v name="$name" '$2 == name { print $1 }' <<<"$expected")
  if [ -z "$expected" ]; then
    rm -f "$sums"
    fail "kernel.org's signed sums do not name $name. Is the version right?"
  fi
  if [ ! -e "$tarball" ]; then
    [ ! -s "$tarball.part" ] || resumed=yes
    get "$mirror/v${1%%.*}.x/$name" "$tarball.part"
  fi
  phase verify
  if [ ! -e "$tarball" ]; then
    # A wrong sum after a resumed download may come from a first half of something else: then once more, from the start.
    if [ "$resumed" = yes ] && [ "$(sum_of "$tarball.part")" != "$expected" ]; then
      note "The sum of $name is wrong after a resumed download; it is fetched once more from the start."
      rm -f "$tarball.part"
      get "$mirror/v${1%%.*}.x/$name" "$tarball.part"
    fi
    sum=$(sum_of "$tarball.part")
    if [ "$sum" != "$expected" ]; then
      rm -f "$tarball.part"
      fail "The sum of $name is wrong: SHA-256 $sum, signed $expected. It was thrown away; build again, and mistrust the mirror."
    fi
    mv "$tarball.part" "$tarball"
  elif [ "$(sum_of "$tarball")" != "$expected" ]; then
    rm -f "$tarball"
    fail "The kept $name is damaged and was thrown away. Build again to fetch it anew."
  fi
}

sum_of() { sha256sum "$1" | cut -d ' ' -f 1; }

# unpack VERSION DIRECTORY: the source tree at DIRECTORY, there only when it is whole.
unpack() {
  [ ! -d "$2" ] || return 0
  rm -rf "$2.unpacking"
  mkdir -p "$2.unpacking"
  tar -xJf "$tarball" -C "$2.unpacking" --strip-components=1 ||
    fail "linux-$1.tar.xz could not be unpacked in $(dirname "$2") ($(as_gb "$(free_mb "$2")") GB free there). Make room, then build again."
  mv "$2.unpacking" "$2"
}
