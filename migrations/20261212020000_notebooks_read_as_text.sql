-- The search shows prose of notebooks without its marks: each is read again, one after another, by a running server.

-- locks: one row a notebook, of which the words and their index stay as they are until it is read.
update notebook_words set is_read = false where is_read;
