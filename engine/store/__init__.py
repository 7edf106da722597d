"""Where rows live: the tables, the one transaction, the migrations."""
