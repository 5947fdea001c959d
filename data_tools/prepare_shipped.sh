#!/bin/sh
# The shards that the shipped models were trained on, from archives as in corpora.tsv:
#   data_tools/prepare_shipped.sh DATA_DIR OUT_DIR
# More options go on to `seqgen prepare`, e.g. --overwrite or --workers 8. SEQGEN names another `seqgen`.
set -eu
if [ $# -lt 2 ]; then
    echo "usage: $0 DATA_DIR OUT_DIR [options of seqgen prepare]" >&2
    exit 2
fi
data=$1
out=$2
shift 2
seqgen=${SEQGEN:-seqgen}

# A rest of two bars ends a melody: one bar of rest may stand inside a window, two may not.
for bars in 2 16; do
    if [ "$bars" = 2 ]; then onsets=3; else onsets=16; fi
    echo "mel-${bars}bar:"
    $seqgen prepare "$data/melodies/lieder.tar.xz" "$data/melodies/cre.tar.xz" "$data/melodies/openhymnal.tar.xz" \
        --out "$out/mel-${bars}bar" --representation melody --bars "$bars" --gap-bars 2 \
        --min-notes "$onsets" --min-unique-pitches 2 --splits "$data/splits/melodies.tsv" "$@"
done

echo "drums-2bar:"
$seqgen prepare "$data/drums/groove.tar.xz" --out "$out/drums-2bar" --representation drums --bars 2 --gap-bars 2 \
    --min-notes 2 --splits "$data/splits/drums.tsv" "$@"
