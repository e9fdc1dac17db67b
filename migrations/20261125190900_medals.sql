-- Medals, points and tiers follow from final boards and votes; here the index for a year of activity.

create index submissions_by_user_and_time on submissions (user_id, received_at);
