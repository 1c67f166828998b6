"""What a finished job leaves: files, pictures, text, a page and a tracked run, made by loops over what it computed."""
