package dev.tidemill.admin.crashtest;

import java.util.List;

/// Golden questions made of the documents, and the answers that evaluations wrote down.
final class Golden {

    private Golden() {}

    /// Asks for the beginnings of some documents, on both sides for the same ones.
    static void plant(World world) {
        world.execute("""
                INSERT INTO golden_sets (workspace_id, project_id, name)
                SELECT workspace_id, id, 'crash-test' FROM projects WHERE slug = 'default'
                ON CONFLICT (workspace_id, project_id, name) DO NOTHING
                """);
        world.execute("""
                INSERT INTO golden_questions (workspace_id, project_id, golden_set_id, key, question, expected)
                SELECT g.workspace_id, g.project_id, g.id, q.key, q.question,
                       jsonb_build_array(jsonb_build_object('document', q.key, 'grade', 1))
                FROM golden_sets g, LATERAL (
                  SELECT DISTINCT ON (d.key) d.key, left(c.text, 120) AS question
                  FROM chunks c JOIN documents d ON d.id = c.document_id
                  WHERE d.project_id = g.project_id AND c.valid_from IS NOT NULL AND c.valid_to IS NULL
                  ORDER BY d.key, c.ordinal LIMIT 6) q
                WHERE g.name = 'crash-test' ON CONFLICT (workspace_id, golden_set_id, key) DO NOTHING
                """);
    }

    /// What a launch asked of which set, and that each question got its answer once. Where two texts are equally
    /// near, either may come first, so that it is not said what was found.
    static List<String> answers(Side side, String identity) {
        return side.lines("answer", """
                SELECT r.golden_set, r.mode, r.model, r.questions, r.done_at IS NOT NULL AS done, a.key, a.question,
                       cardinality(a.found) > 0 AS found
                FROM evaluation_runs r JOIN evaluation_answers a ON a.evaluation_id = r.id
                WHERE r.launch_id = %d ORDER BY r.model, r.mode, a.key
                """.formatted(side.ledger().instance(identity)));
    }
}
