#!/bin/sh
# The runs behind the shipped models, on the shards of prepare_shipped.sh:
#   data_tools/train_shipped.sh SHARDS_DIR RUNS_DIR [mel-2bar | drums-2bar | mel-16bar | drums-16bar | trio-16bar |
#                                                    groove-humanize | groove-drumify]
# A run that was stopped goes on. SEQGEN names another `seqgen`, AVERAGE another average_runs.py.
set -eu
if [ $# -lt 2 ]; then
    echo "usage: $0 SHARDS_DIR RUNS_DIR [MODEL]" >&2
    exit 2
fi
shards=$1
runs=$2
which=${3:-all}
seqgen=${SEQGEN:-seqgen}
average=${AVERAGE:-python $(dirname "$0")/average_runs.py}
configs=$(dirname "$0")/../configs

if [ "$which" = all ] || [ "$which" = drums-2bar ]; then
    $seqgen train --config "$configs/drums_2bar.yaml" --data "$shards/drums-2bar" --out "$runs/drums-2bar"
fi

# Sixteen bars of drums start from two.
if [ "$which" = all ] || [ "$which" = drums-16bar ]; then
    $seqgen train --config "$configs/drums_16bar.yaml" --data "$shards/drums-16bar" --out "$runs/drums-16bar" \
        --warm-start "$runs/drums-2bar"
fi

if [ "$which" = all ] || [ "$which" = groove-humanize ]; then
    $seqgen train --config "$configs/groove_humanize.yaml" --data "$shards/groove-2bar" --out "$runs/groove-humanize"
fi

if [ "$which" = all ] || [ "$which" = groove-drumify ]; then
    $seqgen train --config "$configs/groove_drumify.yaml" --data "$shards/groove-2bar" --out "$runs/groove-drumify"
fi

# Melodies start from two bars as they were after 7,000 steps (the weights that fit are taken over), and go on with sixteen
# at other prices of information (higher, too high, and back), each run from the one before as it ended.
melody() {
    $seqgen train --config "$configs/mel_2bar_start.yaml" --data "$shards/mel-2bar-start" \
        --out "$runs/mel-2bar-start" --max-steps 7000
    $seqgen train --config "$configs/mel_16bar.yaml" --data "$shards/mel-16bar" --out "$runs/mel-16bar-first" \
        --warm-start "$runs/mel-2bar-start" --max-steps 3750
    $seqgen train --config "$configs/mel_16bar_paths.yaml" --data "$shards/mel-16bar" --out "$runs/mel-16bar-second" \
        --warm-start "$runs/mel-16bar-first" --max-steps 1250
    $seqgen train --config "$configs/mel_16bar_paths.yaml" --data "$shards/mel-16bar" --out "$runs/mel-16bar-third" \
        --warm-start "$runs/mel-16bar-second" --steps 2000 --learning-rate 0.0012 \
        --objective.beta_start 0.45 --objective.beta 0.75
    $seqgen train --config "$configs/mel_16bar_paths.yaml" --data "$shards/mel-16bar" --out "$runs/mel-16bar-fourth" \
        --warm-start "$runs/mel-16bar-third" --steps 900 --learning-rate 0.001 \
        --objective.beta_start 0.7 --objective.beta 0.55 --objective.beta_ramp 0.3
}

# Two bars are what sixteen are, with two of the codes; the price goes up, down and up again.
if [ "$which" = all ] || [ "$which" = mel-2bar ]; then
    melody
    $seqgen train --config "$configs/mel_2bar_paths.yaml" --data "$shards/mel-2bar-start" --out "$runs/mel-2bar-first" \
        --warm-start "$runs/mel-16bar-fourth" --steps 8000 --max-steps 2000 \
        --objective.beta_start 0.4 --objective.beta 0.62
    $seqgen train --config "$configs/mel_2bar_paths.yaml" --data "$shards/mel-2bar-start" --out "$runs/mel-2bar-second" \
        --warm-start "$runs/mel-2bar-first" --steps 2600 --learning-rate 0.0016 \
        --objective.beta_start 0.55 --objective.beta 0.45
    $seqgen train --config "$configs/mel_2bar_paths.yaml" --data "$shards/mel-2bar-start" --out "$runs/mel-2bar" \
        --warm-start "$runs/mel-2bar-second" --steps 1600 --learning-rate 0.001 \
        --objective.beta_start 0.5 --objective.beta 0.65
fi

# In the end bars look at one another, and the decoder practises on codes without noise; that makes it exact and its paths
# rougher, so the model is an average of what it was before and after. (The shipped one did the 5,000 steps of bars-first
# without the average of alike bars.)
if [ "$which" = all ] || [ "$which" = mel-16bar ]; then
    melody
    $seqgen train --config "$configs/mel_16bar_paths.yaml" --data "$shards/mel-16bar" --out "$runs/mel-16bar-fifth" \
        --warm-start "$runs/mel-16bar-fourth" --steps 9000 --max-steps 5686 --learning-rate 0.0014 \
        --objective.beta_start 0.5 --objective.beta 0.65 --objective.beta_ramp 0.3 --precision 32-true
    $seqgen train --config "$configs/mel_16bar_bars.yaml" --data "$shards/mel-16bar" --out "$runs/mel-16bar-bars-first" \
        --warm-start "$runs/mel-16bar-fifth" --steps 9000 --max-steps 5000 \
        --objective.beta_start 0.6 --objective.beta 0.6 --objective.noiseless 0
    $seqgen train --config "$configs/mel_16bar_bars.yaml" --data "$shards/mel-16bar" --out "$runs/mel-16bar-bars-second" \
        --warm-start "$runs/mel-16bar-bars-first" --steps 10500 --max-steps 1853 \
        --objective.beta_start 0.6 --objective.beta 0.6 --objective.noiseless 0
    $seqgen train --config "$configs/mel_16bar_bars.yaml" --data "$shards/mel-16bar" --out "$runs/mel-16bar-bars-third" \
        --warm-start "$runs/mel-16bar-bars-second" --max-steps 2750
    $seqgen train --config "$configs/mel_16bar_bars.yaml" --data "$shards/mel-16bar" --out "$runs/mel-16bar-bars-fourth" \
        --warm-start "$runs/mel-16bar-bars-third" --steps 3000 --learning-rate 0.0012 \
        --objective.beta 0.7 --objective.noiseless 0.3
    $average "$runs/mel-16bar" 0.2 "$runs/mel-16bar-bars-second" 0.25 "$runs/mel-16bar-bars-third" \
        0.55 "$runs/mel-16bar-bars-fourth"
fi

# Trios start from two bars: of trios, then of trios and strangers, whose parts have nothing to do with each other. Sixteen
# bars go the same way.
if [ "$which" = all ] || [ "$which" = trio-16bar ]; then
    $seqgen train --config "$configs/trio_2bar_start.yaml" --data "$shards/trio-2bar-start" \
        --out "$runs/trio-2bar-start" --max-steps 1099
    $seqgen train --config "$configs/trio_2bar_mixed.yaml" --data "$shards/trio-2bar-mixed" \
        --out "$runs/trio-2bar-mixed" --warm-start "$runs/trio-2bar-start"
    $seqgen train --config "$configs/trio_16bar.yaml" --data "$shards/trio-16bar" --out "$runs/trio-16bar-first" \
        --warm-start "$runs/trio-2bar-mixed" --max-steps 250
    $seqgen train --config "$configs/trio_16bar_mixed.yaml" --data "$shards/trio-16bar-mixed" \
        --out "$runs/trio-16bar" --warm-start "$runs/trio-16bar-first"
fi
