"""What a network, a pipeline or a colleague can do to a run: as processes, over real HTTP."""
