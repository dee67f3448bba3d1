"""Pages out of notebooks: the only rooms that know papermill and nbconvert."""
