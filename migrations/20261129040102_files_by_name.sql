-- Pictures of notebooks by their file, for the search for files that no row names.

create index notebook_pictures_by_file on notebook_pictures (storage_key);
