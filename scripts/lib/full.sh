# shellcheck shell=bash
# The full run: every program in scripts/full, one after the other, in the order of their names.
#
# A part gets the release build as $BELLHOP and the SCIM service's virtual environment as
# $BELLHOP_SCIM_VENV. Its last line on standard output is its figure; it fails by its exit code.

# run_parts [WORD…]: those whose names hold one of the words; without any, all. Writes their figures to
# docs/full-run.md when all have run.
run_parts() {
  local part name began figure code result failed=0
  note "building bellhop in release mode (the first time takes minutes)"
  swift build -c release --product bellhop >&2
  BELLHOP=$(swift build -c release --show-bin-path)/bellhop
  export BELLHOP BELLHOP_SCIM_VENV=$scim_venv
  {
    say "# The last full run"
    say
    say "\`scripts/test --full\` wrote this on $(date -u +%Y-%m-%d), at $(revision), on $(nproc)" \
      "processors."
    say
    say "| part | result | figure | seconds |"
    say "|---|---|---|---|"
  } >"$work/full.md"
  for part in scripts/full/*; do
    name=${part##*/}
    is_wanted "$name" "$@" || continue
    note "$name"
    began=$SECONDS code=0
    "$part" 2>&1 | tee "$work/part" || code=$?
    figure=$(tail -1 "$work/part")
    result=held
    if [ "$code" -ne 0 ]; then result=FAILED failed=$((failed + 1)); fi
    say "| ${name#*-} | $result | $figure | $((SECONDS - began)) |" >>"$work/full.md"
  done
  cat "$work/full.md"
  if [ "$#" -eq 0 ]; then cp "$work/full.md" docs/full-run.md; fi
  [ "$failed" -eq 0 ]
}

is_wanted() {
  local name=$1 word
  shift
  [ "$#" -gt 0 ] || return 0
  for word in "$@"; do [[ $name != *"$word"* ]] || return 0; done
  return 1
}

revision() {
  git rev-parse --short HEAD 2>/dev/null || say "no revision"
}
