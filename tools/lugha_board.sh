#!/usr/bin/env bash
# The rows of Lugha-Llama-8B-wura on the board: the model as it is, and two adapters trained here, each with its twin on shuffled pairs.
#
#   hf auth login                # a Hub token; the model's terms must have been accepted
#   tools/lugha_board.sh         # from a clean checkout, with tli-bench installed; it goes on where it stopped
#
# One card of 24 GB is enough. What it needs follows from counts, not from a run: nobody has run this on the full model yet.
#   memory   8.0 billion parameters: 7.0 billion in 4-bit NF4 with its scales 3.9 GB, both embeddings in bfloat16 2.1 GB; scoring adds the
#            hidden states of one batch, under 1 GB; training adapters of rank 16 on all linear modules adds 42 million parameters with
#            AdamW's states 0.7 GB and the activations of 128 words and 32 lines, about 8 GB. In all 8 GB to score, 15 GB to train.
#   disk     16 GB for the download, 0.4 GB for two adapters and their twins, 50 MB for records.
#   time     a run over 15 pairs reads about 0.3 million tokens in each state (base, adapted, twin; the audit words once more); at 2,000
#            tokens a second in NF4 that is 3 minutes a state, 30 minutes in all. A training of 150 steps with its twin reads
#            0.6 million tokens, forwards and backwards, with retention: 30 minutes for `tli`, a tenth of that for `tli-early`.
set -euo pipefail
cd "$(dirname "$0")/.."
tli=${TLI_BENCH:-tli-bench}              # the command
model=${LUGHA_MODEL:-lugha}
out=${LUGHA_OUT:-runs/lugha}
records=${LUGHA_RECORDS:-leaderboards/records}
read -ra run_options <<<"${LUGHA_RUN_OPTIONS:-}"      # e.g. --pairs swh-eng
read -ra train_options <<<"${LUGHA_TRAIN_OPTIONS:-}"  # e.g. --steps 2

score() { # NAME ADAPTER
  $tli run --model "$model" --adapter "$2" --output "$out/$1" "${run_options[@]}"
  $tli submit "$out/$1" --out "$out/$1.zip"
  $tli results validate "$out/$1.zip"
  $tli results merge "$out/$1.zip" --into "$records" --compressed
}

score base none
for recipe in tli tli-early; do
  $tli train --model "$model" --pair swh-eng --recipe "$recipe" --twin --output "$out/adapters/lugha-swh-eng-$recipe" "${train_options[@]}"
  score "lugha-swh-eng-$recipe" "$out/adapters/lugha-swh-eng-$recipe"
done
if [ -z "${LUGHA_RECORDS:-}" ]; then make leaderboard; fi
echo "done: commit the new files under $records and the tables that changed"
