# shellcheck shell=bash
# The patches, never with fuzz. The tree's own files are kept aside before they are first changed, the wanted set is applied to
# copies of those, and only files whose content differs are put into the tree: objects that are still good stay good.

patch_directory=$here/patches

# wanted_patches VERSION: the patches for that version, one path a line. "First-in: V" in a message: V and later have it.
wanted_patches() {
  local one text first
  for one in "$patch_directory"/*.patch; do
    text=$'\n'$(<"$one") first=""
    if [[ $text =~ $'\n'First-in:\ ([0-9.]+) ]]; then first=${BASH_REMATCH[1]}; fi
    if [ -n "$first" ] && [ "$(printf '%s\n' "$1" "$first" | sort -V | sed -n 1p)" = "$first" ]; then continue; fi
    echo "$one"
  done
}

touched() { sed -n 's,^+++ b/\([^[:space:]]*\).*,\1,p' "$@" | sort -u; }

# hunks DIRECTORY PATCH [-R]: one line a hunk, "FILE N ok" or "FILE N failed", as a trial in that direction says.
# --verbose names every hunk, also those that apply.
hunks() {
  { LC_ALL=C patch -d "$1" -p1 -F0 -f --verbose --dry-run "${@:3}" <"$2" 2>&1 || true; } | awk '
    /^(checking|patching) file / { file = $3 }
    /^Hunk #[0-9]+ (succeeded|FAILED)/ { sub("#", "", $2); print file, $2, ($3 == "FAILED" ? "failed" : "ok") }
    /^can.t find file to patch/ { print "(a file that is not there)", "1", "failed" }'
}

# apply_one DIRECTORY PATCH: applies it, or says that it is there already. Fails where it applies no more, or only in part.
apply_one() {
  local name forward backward neither
  name=$(basename "$2")
  forward=$(hunks "$1" "$2")
  if ! grep -q ' failed$' <<<"$forward"; then
    patch -d "$1" -p1 -F0 -f --silent --no-backup-if-mismatch <"$2" >/dev/null
    note "$name applied."
    return
  fi
  backward=$(hunks "$1" "$2" -R)
  if ! grep -q ' failed$' <<<"$backward"; then
    note "$name is in this source already."
    return
  fi
  # A hunk that fits neither way is one that the source has changed under.
  neither=$(comm -12 <(grep ' failed$' <<<"$forward" | sort) <(grep ' failed$' <<<"$backward" | sort))
  if [ -n "$neither" ]; then
    fail "$name no longer applies: $(name_hunks "$neither"). Adapt it to this version, then build again."
  fi
  fail "$name is half applied: $(name_hunks "$(grep ' failed$' <<<"$forward")") there already, the rest not. Remove $tree, then build again."
}

# name_hunks LINES: "hunk 2 of net/x.c, hunk 1 of y.c".
name_hunks() { awk '{ printf "%shunk %s of %s", (NR > 1 ? ", " : ""), $2, $1 }' <<<"$1"; }

# apply_patches VERSION: makes the tree the pristine source with exactly the wanted patches.
apply_patches() {
  local kept=$tree/.snowglobe/pristine wanted file trial changed=0
  phase patch
  mapfile -t wanted < <(wanted_patches "$1")
  mkdir -p "$kept"
  while read -r file; do
    [ -e "$kept/$file" ] || [ ! -e "$tree/$file" ] || {
      mkdir -p "$kept/$(dirname "$file")"
      cp -p "$tree/$file" "$kept/$file.part"
      mv "$kept/$file.part" "$kept/$file"
    }
  done < <(touched "${wanted[@]}")
  trial=$tree/.snowglobe/trial
  rm -rf "$trial"
  cp -a "$kept" "$trial"
  for file in "${wanted[@]}"; do apply_one "$trial" "$file"; done
  while read -r file; do
    if ! cmp -s "$trial/$file" "$tree/$file"; then
      touch "$trial/$file"
      mv -f "$trial/$file" "$tree/$file"
      changed=$((changed + 1))
    fi
  done < <(cd "$trial" && find . -type f -printf '%P\n')
  rm -rf "$trial"
  note "${#wanted[@]} patches are in the source; $changed files changed by that."
}
