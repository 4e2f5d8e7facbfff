"""Parts of one's own as configs know them: registered, judged, brought by files and by installed packages."""
