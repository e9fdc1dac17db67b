-- Training data may be several files; the index before this one asks for what still is one.
drop index data_files_one_per_role;
