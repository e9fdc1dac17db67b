-- Data files by their key, for the search for rows whose file is gone.

create index data_files_by_file on data_files (storage_key);
