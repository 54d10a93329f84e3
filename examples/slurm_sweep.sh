#!/usr/bin/env bash
# One job of an array trains its part of a sweep: sbatch --array=1-64 examples/slurm_sweep.sh ranks.yaml [OUTPUT]
# Once the jobs have ended, `tli-bench sweep ranks.yaml --output OUTPUT` gathers what is there and trains what is missing.
#SBATCH --job-name=tli-sweep
#SBATCH --gpus=1
#SBATCH --cpus-per-task=4
#SBATCH --mem=32G
#SBATCH --time=04:00:00
#SBATCH --requeue
set -euo pipefail
spec=$1
output=${2:-runs/sweeps/$(basename "${spec%.*}")}
# Compute nodes often have no network; fetch the model before, on a node that has: hf download ORG/NAME
export HF_HUB_OFFLINE=${HF_HUB_OFFLINE:-1}
exec tli-bench sweep "$spec" --output "$output" --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT"
