"""Pages: a result -> one HTML file that needs nothing else; a file per result that has its own."""
