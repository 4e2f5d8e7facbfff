"""One HTML file that shows runs: no network, no server, pictures and styles inside."""
