# shellcheck shell=bash
# The configuration: fragments of ours, and a look at every option afterwards, because Kconfig drops in silence what lacks a
# dependency.

# fragments: those of this kind and architecture, in order.
fragments() { printf '%s\n' "$here/config/$kind.config" "$here/config/$kind-$arch.config"; }

# lost_options REQUESTED RESULT: names of the options asked for that the result does not have as asked, one a line.
lost_options() {
  awk '
    function split_line(line) {
      if (line ~ /^CONFIG_[A-Za-z0-9_]+=/) { name = substr(line, 1, index(line, "=") - 1); value = substr(line, index(line, "=") + 1) }
      else if (line ~ /^# CONFIG_[A-Za-z0-9_]+ is not set/) { name = substr(line, 3); sub(/ .*/, "", name); value = "n" }
      else return 0
      return 1
    }
    FNR == NR { if (split_line($0)) has[name] = value; next }
    split_line($0) { asked[name] = value; if (!(name in seen)) { seen[name] = 1; order[++count] = name } }
    END {
      for (i = 1; i <= count; i++) {
        name = order[i]; got = (name in has) ? has[name] : "n"; want = asked[name]
        # An empty string and an option that is not there mean the same.
        if (want == "\"\"" && got == "n") continue
        # What was asked for as a module may be built in.
        if (got != want && !(want == "m" && got == "y")) print substr(name, 8)
      }
    }' "$2" "$1"
}

# name_lost_of_base BASE ASKED: what the base has, this kernel knows and the result lacks, in notes; but what our fragments are there
# to change. A new dependency takes an option away without a word (6.18: all of legacy iptables).
name_lost_of_base() {
  local lost known own
  known=$(find "$tree" -name 'Kconfig*' -exec sed -nE 's/^[[:space:]]*(menu)?config[[:space:]]+([A-Za-z0-9_]+).*/\2/p' {} + | sort -u)
  own=$(sed -nE 's/^(# )?CONFIG_([A-Za-z0-9_]+)[= ].*/\2/p' "$2" | sort -u)
  grep -E '^CONFIG_[A-Za-z0-9_]+=[ym]$' "$1" >"$tree/.snowglobe/base" || true
  # Only what is gone: one that was built in and is a module now is there.
  lost=$(lost_options "$tree/.snowglobe/base" <(sed 's/=m$/=y/' "$tree/.config") | sort -u | comm -12 - <(echo "$known") | comm -23 - <(echo "$own"))
  [ -n "$lost" ] || return 0
  note "The base has $(wc -l <<<"$lost") options that Linux $version knows and that are lost: a dependency of each is missing."
  fold -s -w 100 <<<"${lost//$'\n'/ }" | while read -r lost; do note "Lost from the base: $lost"; done
}

configure() {
  local asked=$tree/.snowglobe/asked base="" lost
  phase configure
  fragments | xargs -d '\n' cat | put "$asked"
  if [ "$kind" = guest ]; then
    kbuild KCONFIG_ALLCONFIG="$asked" allnoconfig
  else
    base=$(base_configuration)
    if [ -n "$base" ]; then
      note "The base is $base."
      # What is asked for comes last, and an option said twice takes the last.
      cat "$base" "$asked" | put "$tree/.config.new"
    else
      note "No distribution's configuration is here: the base is defconfig."
      kbuild defconfig
      cat "$tree/.config" "$asked" | put "$tree/.config.new"
    fi
    mv "$tree/.config.new" "$tree/.config"
  fi
  kbuild olddefconfig
  [ -z "$base" ] || name_lost_of_base "$base" "$asked"
  lost=$(lost_options "$asked" "$tree/.config")
  if [ -n "$lost" ]; then
    fail "Kconfig dropped ${lost//$'\n'/, }: a dependency of each is missing in $version. Mend kernel/config/$kind*.config, then build again."
  fi
}
