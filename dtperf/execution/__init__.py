"""How the work is done: files are planned, chunks run on workers, what became of them is kept."""
