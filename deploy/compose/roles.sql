-- Passwords of the unprivileged roles, from files: on a command line, whoever lists processes would read them.
\set web `cat /run/secrets/web_password`
\set scorer `cat /run/secrets/scorer_password`
\set runner `cat /run/secrets/runner_password`
alter role holdout_web login password :'web';
alter role holdout_scorer login password :'scorer';
alter role holdout_runner login password :'runner';
