# shellcheck shell=bash
# The full run: every program in scripts/full, one after the other, in the order of their names.
#
# A part gets the release build as $BELLHOP and the SCIM service's virtual environment as
# $BELLHOP_SCIM_VENV. Its last line on standard output is its figure; it fails by its exit code.

# run_parts [WORD…]: those whose names hold one of the words; without any, all. As soon as a part has
# run, its line in docs/full-run.md is replaced: a run of hours that was cut off goes on with the rest.
run_parts() {
  local part name began figure code result failed=0
  note "building bellhop in release mode (the first time takes minutes)"
  swift build -c release --product bellhop >&2
  BELLHOP=$(swift build -c release --show-bin-path)/bellhop
  export BELLHOP BELLHOP_SCIM_VENV=$scim_venv
  for part in scripts/full/*; do
    name=${part##*/}
    is_wanted "$name" "$@" || continue
    note "$name"
    began=$SECONDS code=0
    "$part" 2>&1 | tee "$work/part" || code=$?
    figure=$(tail -1 "$work/part")
    result=held
    if [ "$code" -ne 0 ]; then result=FAILED failed=$((failed + 1)); fi
    record "$name" \
      "| $name | $result | $figure | $((SECONDS - began)) | $(date -u +%Y-%m-%d), $(revision) |"
  done
  cat docs/full-run.md
  [ "$failed" -eq 0 ]
}

# record PART ROW: puts it into docs/full-run.md, in the place of an older one of the same part.
record() {
  local file=docs/full-run.md
  {
    grep '^| [0-9]' "$file" 2>/dev/null | grep -v "^| $1 |" || true
    say "$2"
  } | sort >"$work/rows"
  {
    say "# The last full run"
    say
    say "\`scripts/test --full\` writes a line for each part when it has run: here on $(nproc) processors."
    say
    say "| part | result | figure | seconds | when, at |"
    say "|---|---|---|---|---|"
    cat "$work/rows"
  } >"$file"
}

is_wanted() {
  local name=$1 word
  shift
  [ "$#" -gt 0 ] || return 0
  for word in "$@"; do [[ $name != *"$word"* ]] || return 0; done
  return 1
}

# The commit; with a plus where the tree differs from it.
revision() {
  local commit
  commit=$(git rev-parse --short HEAD 2>/dev/null) || { say "no revision" && return; }
  git diff --quiet HEAD -- . ':!docs/full-run.md' || commit+=+
  say "$commit"
}
