#!/usr/bin/env bash
# One model over all GPUs of a node: sbatch examples/slurm_run.sh qwen2-72b swh-eng,tur-eng [more options of `tli-bench run`]
#SBATCH --job-name=tli-run
#SBATCH --nodes=1
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=16
#SBATCH --mem=200G
#SBATCH --time=08:00:00
#SBATCH --requeue
set -euo pipefail
model=$1
pairs=$2
shift 2
export HF_HUB_OFFLINE=${HF_HUB_OFFLINE:-1}
exec tli-bench run --model "$model" --pairs "$pairs" --output "${OUTPUT:-runs}" ${DEVICE_MAP---device-map balanced} "$@"
