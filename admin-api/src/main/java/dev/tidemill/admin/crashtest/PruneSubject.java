package dev.tidemill.admin.crashtest;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Superseded versions, retired documents, cached embeddings and much else grow old all at once; a plan is made
/// and applied. Gone is what the plan says, and nothing that queries see.
final class PruneSubject implements Subject {

    private static final List<String> AGE = List.of(
            """
            UPDATE documents SET deleted_at = deleted_at - interval '400 days'
            WHERE deleted_at > now() - interval '300 days'
            """,
            """
            UPDATE chunks c SET valid_to = c.valid_to - interval '400 days' FROM document_versions v
            WHERE v.id = c.version_id AND v.state = 'superseded' AND v.created_at > now() - interval '300 days'
            """,
            """
            UPDATE document_versions SET valid_to = valid_to - interval '400 days', created_at = created_at - interval '400 days'
            WHERE state IN ('superseded', 'refused') AND created_at > now() - interval '300 days'
            """,
            "UPDATE blobs SET created_at = created_at - interval '400 days' WHERE created_at > now() - interval '300 days'",
            """
            UPDATE embedding_cache SET created_at = created_at - interval '400 days'
            WHERE created_at > now() - interval '300 days'
            """,
            // About half of them, on both sides the same.
            """
            UPDATE dead_letters SET state = 'ignored', ignore_reason = 'of no use', decided_at = now() - interval '400 days'
            WHERE state = 'open' AND md5(regexp_replace(item_key, '^[0-9a-f-]{36}/', '')) < '8'
            """,
            "UPDATE launches SET ended_at = ended_at - interval '400 days' WHERE ended_at > now() - interval '300 days'",
            "UPDATE vector_sets SET soak_until = now() - interval '400 days' WHERE state = 'soaking'",
            "UPDATE vector_sets SET retired_at = now() - interval '400 days' WHERE state = 'retired'");

    private final Map<Side, List<String>> visible = new HashMap<>();

    @Override
    public String job() {
        return "prune";
    }

    @Override
    public void prepare(World world, int round) throws InterruptedException {
        world.settle();
        // Twice changed: the second round's versions supersede those of the first.
        world.turn();
        world.turn();
        AGE.forEach(world::execute);
        world.sides().forEach(side -> visible.put(side, side.ledger().visible()));
    }

    @Override
    public Order order(World world, Side side, String identity, int round) {
        return Order.of(identity, job(), Map.of("allowMassDelete", "true")).byPlan();
    }

    @Override
    public void expect(World world) {
        world.library().forgetGone();
    }

    /// Launches and plans are not compared: the killed side may have had to plan twice.
    @Override
    public List<String> contents(World world, Side side, String identity, int round) {
        List<String> lines = new ArrayList<>();
        account(side, identity).forEach(row -> {
            if (!List.of("history", "plans").contains(String.valueOf(row.get("kind")))) {
                lines.add("removed " + row.get("removed") + " " + row.get("kind"));
            }
        });
        return lines;
    }

    private static List<Map<String, @Nullable Object>> account(Side side, String identity) {
        return side.rows("""
            SELECT coalesce((a.detail ->> k.kind)::bigint, 0) AS removed, k.kind, k.planned
            FROM launches l
            JOIN audit_entries a ON a.action = 'prune.apply' AND (a.detail ->> 'run')::bigint IN (
              SELECT job_execution_id FROM batch_job_execution WHERE job_instance_id = l.job_instance_id)
            JOIN plans p ON p.id = l.plan_id
            CROSS JOIN LATERAL (SELECT key AS kind, value::bigint AS planned FROM jsonb_each_text(p.counts)) k
            WHERE l.job_instance_id = %d AND k.kind <> 'bytes'
            """.formatted(side.ledger().instance(identity)));
    }

    @Override
    public List<String> faults(World world, Side side, String identity, int round) {
        List<String> faults = new ArrayList<>();
        List<Map<String, @Nullable Object>> account = account(side, identity);
        if (account.isEmpty()) {
            faults.add("the prune is not in the audit, or its plan is not kept");
        }
        account.stream()
                .filter(row -> !Objects.equals(row.get("removed"), row.get("planned")))
                .forEach(row -> faults.add("the plan said otherwise: " + row));
        List<String> before = visible.getOrDefault(side, List.of());
        List<String> after = side.ledger().visible();
        CrashTest.beyond(before, after).forEach(line -> faults.add("pruned although visible: " + line));
        CrashTest.beyond(after, before).forEach(line -> faults.add("made visible by a prune: " + line));
        return faults;
    }
}
