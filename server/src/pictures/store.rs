//! Every SQL statement about pictures. The view shows nothing before the final board stands.

use sqlx::PgConnection;

use crate::competitions::model::Ended;
use crate::ids::{CompetitionId, TeamId};
use crate::leaderboard::sight::{BoardSight, SeenTeam};
use crate::pictures::model::Pictures;

/// The pictures of the final board; `None` before anybody looked at it as it is.
///
/// # Errors
/// Those of the database.
pub async fn pictures(
    conn: &mut PgConnection,
    _: Ended,
    sight: &BoardSight,
    id: CompetitionId,
) -> sqlx::Result<Option<Pictures>> {
    let Some(row) = sqlx::query!(
        "select board_revision as \"board_revision!\", is_exact as \"is_exact!\", n_draws as \"n_draws!\",
                teams as \"teams!\", frequencies as \"frequencies!\", p_values as \"p_values!\"
         from shown_rank_pictures
         where competition_id = $1",
        id.0
    )
    .fetch_optional(&mut *conn)
    .await?
    else {
        return Ok(None);
    };
    let teams = sqlx::query!(
        "select t.id as \"id: TeamId\", t.name
         from unnest($1::bigint[]) with ordinality as d (team_id, place)
         join teams t on t.id = d.team_id
         order by d.place",
        &row.teams,
    )
    .fetch_all(conn)
    .await?;
    let teams: Vec<SeenTeam> = teams.into_iter().filter_map(|team| sight.team(team.id, team.name)).collect();
    let head = (row.board_revision, row.is_exact, row.n_draws);
    Ok(Pictures::of(teams, head, &row.frequencies, &row.p_values))
}
