-- At the launch the server writes how many decimals a score is worth by what the audit expects, so that the first files are
-- not shown more of them than later ones.
grant update (worth_decimals) on competitions to holdout_web;
