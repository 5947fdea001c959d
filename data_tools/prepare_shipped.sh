#!/bin/sh
# The shards that the shipped models were trained on, from archives as in corpora.tsv:
#   data_tools/prepare_shipped.sh DATA_DIR OUT_DIR
# More options go on to `seqgen prepare`, e.g. --overwrite or --workers 8. SEQGEN names another `seqgen`, MIX another
# mix_trios.py.
set -eu
if [ $# -lt 2 ]; then
    echo "usage: $0 DATA_DIR OUT_DIR [options of seqgen prepare]" >&2
    exit 2
fi
data=$1
out=$2
shift 2
seqgen=${SEQGEN:-seqgen}
mix=${MIX:-python $(dirname "$0")/mix_trios.py}

# A rest of two bars ends a melody: one bar of rest may stand inside a window, two may not.
melody() {
    name=$1
    shift
    echo "$name:"
    $seqgen prepare "$data/melodies/lieder.tar.xz" "$data/melodies/cre.tar.xz" "$data/melodies/openhymnal.tar.xz" \
        --out "$out/$name" --representation melody --gap-bars 2 \
        --splits "$data/splits/melodies.tsv" "$@"
}

melody mel-2bar --bars 2 --min-notes 3 --min-unique-pitches 2 "$@"
melody mel-2bar-start --bars 2 --min-notes 3 --min-unique-pitches 2 --two-four true "$@"  # mel-16bar starts from it
melody mel-16bar --bars 16 --min-notes 16 --min-unique-pitches 3 --two-four true "$@"

drums() {
    name=$1
    shift
    echo "$name:"
    $seqgen prepare "$data/drums/groove.tar.xz" --out "$out/$name" --representation drums \
        --splits "$data/splits/drums.tsv" "$@"
}

drums drums-2bar --bars 2 --min-notes 4 "$@"
drums drums-16bar --bars 16 --min-notes 32 "$@"

# Both models of played drums learn from the same windows.
echo "groove-2bar:"
$seqgen prepare "$data/drums/groove.tar.xz" --out "$out/groove-2bar" --representation groove --bars 2 --min-notes 4 \
    --splits "$data/splits/drums.tsv" "$@"

# Melodies on pianos to synthesisers (programs 0 to 95), basses on programs 32 to 39.
trio() {
    name=$1
    shift
    echo "$name:"
    $seqgen prepare "$data/trio/freedoom.tar.xz" --out "$out/$name" --representation trio --gap-bars 2 \
        --programs '[0,96]' --splits "$data/splits/trio.tsv" "$@"
}

trio trio-2bar-start --bars 2 "$@"  # trio-16bar starts from it
trio trio-16bar --bars 16 --min-notes 4 "$@"
$mix "$out/trio-2bar-start" "$out/mel-2bar-start" "$out/drums-2bar" "$out/trio-2bar-mixed"
$mix "$out/trio-16bar" "$out/mel-16bar" "$out/drums-16bar" "$out/trio-16bar-mixed"
