package dev.tidemill.run;

import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.RowMapper;

/// Where an operator looks at dead letters and decides about them.
public final class DeadLetterDesk {

    private static final int BATCH = 500;

    private static final String COLUMNS = """
            id, job, step, regexp_replace(item_key, '^[0-9a-f-]{36}/', '') AS item, item_key, error_class, reason, detail, state,
            attempts, run_id, version_id, payload, first_seen_at, last_seen_at, ignore_reason, decided_by, decided_at, resolved_at,
            stack_hash
            """;

    private final Control control;
    private final Runs runs;
    private final Audit audit;

    DeadLetterDesk(Control control, Runs runs, Audit audit) {
        this.control = control;
        this.runs = runs;
        this.audit = audit;
    }

    /// Letters of the same cause.
    ///
    /// @param sample the newest of them
    public record Group(
            String job,
            String step,
            String reason,
            String stackHash,
            long letters,
            OffsetDateTime firstSeen,
            OffsetDateTime lastSeen,
            DeadLetter sample) {}

    /// What became of a wish to replay.
    ///
    /// @param letters made ready for another try
    /// @param runs that try them
    /// @param problems why no run tries some of them
    public record Replayed(long letters, List<Long> runs, List<String> problems) {}

    private static RowMapper<DeadLetter> letter(boolean withStack) {
        return (row, number) -> new DeadLetter(
                row.getLong("id"),
                row.getString("job"),
                row.getString("step"),
                row.getString("item"),
                row.getString("item_key"),
                row.getString("error_class"),
                row.getString("reason"),
                row.getString("detail"),
                row.getString("state"),
                row.getInt("attempts"),
                row.getLong("run_id"),
                row.getObject("version_id", Long.class),
                row.getString("payload"),
                row.getObject("first_seen_at", OffsetDateTime.class),
                row.getObject("last_seen_at", OffsetDateTime.class),
                row.getString("ignore_reason"),
                row.getString("decided_by"),
                row.getObject("decided_at", OffsetDateTime.class),
                row.getObject("resolved_at", OffsetDateTime.class),
                row.getString("stack_hash"),
                withStack ? row.getString("stack") : null);
    }

    /// Letters, newest first.
    ///
    /// @param before only letters with smaller ids: the last id of the page before; null for the first page
    public List<DeadLetter> list(UUID workspaceId, LetterFilter filter, @Nullable Long before, int limit) {
        Map<String, Object> parameters = parameters(workspaceId);
        String sql = listing(filter, before, parameters);
        parameters.put("limit", limit);
        return control.call(() ->
                control.jdbc().sql(sql).params(parameters).query(letter(false)).list());
    }

    static String listing(LetterFilter filter, @Nullable Long before, Map<String, Object> parameters) {
        String sql = "SELECT " + COLUMNS + " FROM dead_letters WHERE workspace_id = :workspace"
                + filter.conditions(parameters);
        if (before != null) {
            sql += " AND id < :before";
            parameters.put("before", before);
        }
        return sql + " ORDER BY id DESC LIMIT :limit";
    }

    public Optional<DeadLetter> find(UUID workspaceId, long id) {
        return control.call(() -> control.jdbc()
                .sql("SELECT " + COLUMNS + ", stack FROM dead_letters WHERE workspace_id = :workspace AND id = :id")
                .param("workspace", workspaceId)
                .param("id", id)
                .query(letter(true))
                .optional());
    }

    /// Letters by cause, the largest group first.
    public List<Group> groups(UUID workspaceId, LetterFilter filter, int limit) {
        Map<String, Object> parameters = parameters(workspaceId);
        String sql = grouping(filter, parameters);
        parameters.put("limit", limit);
        return control.call(() -> control.jdbc()
                .sql(sql)
                .params(parameters)
                .query((row, number) -> new Group(
                        row.getString("job"),
                        row.getString("step"),
                        row.getString("reason"),
                        row.getString("stack_hash"),
                        row.getLong("letters"),
                        row.getObject("first_seen", OffsetDateTime.class),
                        row.getObject("last_seen", OffsetDateTime.class),
                        letter(false).mapRow(row, number)))
                .list());
    }

    static String grouping(LetterFilter filter, Map<String, Object> parameters) {
        String conditions = filter.conditions(parameters);
        String ofGroup = " AND job = g.job AND step = g.step AND reason = g.reason AND stack_hash = g.stack_hash";
        return """
                SELECT g.letters, f.first_seen, d.last_seen_at AS last_seen, d.*
                FROM (SELECT job, step, reason, stack_hash, count(*) AS letters
                      FROM dead_letters WHERE workspace_id = :workspace%1$s
                      GROUP BY job, step, reason, stack_hash ORDER BY 5 DESC, 1, 2, 3, 4 LIMIT :limit) g
                CROSS JOIN LATERAL (SELECT min(first_seen_at) AS first_seen
                      FROM dead_letters WHERE workspace_id = :workspace%1$s%2$s) f
                CROSS JOIN LATERAL (SELECT %3$s
                      FROM dead_letters WHERE workspace_id = :workspace%1$s%2$s ORDER BY last_seen_at DESC LIMIT 1) d
                ORDER BY g.letters DESC, g.job, g.step, g.reason, g.stack_hash
                """.formatted(conditions, ofGroup, COLUMNS);
    }

    private static Map<String, Object> parameters(UUID workspaceId) {
        Map<String, Object> parameters = new HashMap<>();
        parameters.put("workspace", workspaceId);
        return parameters;
    }

    /// Has letters tried again: those open; those ignored too where they are named by id.
    ///
    /// @throws RunConflict when a job concerned cannot replay
    public Replayed replay(UUID workspaceId, LetterFilter filter, String actor, String reason) {
        Set<LaunchRequest> requests = new LinkedHashSet<>();
        Set<String> jobs = new LinkedHashSet<>();
        long letters = 0;
        for (long after = 0; ; ) {
            long from = after;
            List<DeadLetter> batch = control.within(workspaceId, () -> {
                List<DeadLetter> next = take(workspaceId, filter, from, actor);
                prepare(workspaceId, next, requests);
                return next;
            });
            if (batch.isEmpty()) {
                break;
            }
            after = batch.getLast().id();
            letters += batch.size();
            batch.forEach(letter -> jobs.add(letter.job()));
        }
        long taken = letters;
        control.run(() -> audit.record(
                workspaceId, actor, "deadletters.replay", taken + " dead letters", detail(filter, reason, taken)));
        List<Long> launched = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        for (LaunchRequest request : requests) {
            try {
                launched.add(runs.launch(request.by(actor, reason).whenBusy(LaunchRequest.WhenBusy.QUEUE))
                        .runId());
            } catch (RuntimeException e) {
                // The letters of one launch that cannot be made must not keep the others from being tried.
                problems.add(request.job() + " " + request.parameters() + ": " + e.getMessage());
            }
        }
        if (!problems.isEmpty()) {
            Launches launches = new Launches(control.jdbc());
            jobs.forEach(job -> control.run(() -> launches.reopenLetters(workspaceId, job)));
        }
        return new Replayed(taken, launched, problems);
    }

    private List<DeadLetter> take(UUID workspaceId, LetterFilter filter, long after, String actor) {
        Map<String, Object> parameters = parameters(workspaceId);
        String states = filter.ids().isEmpty() ? "('open')" : "('open', 'replaying', 'ignored')";
        String sql = "SELECT " + COLUMNS + " FROM dead_letters WHERE workspace_id = :workspace"
                + filter.conditions(parameters) + " AND state IN " + states
                + " AND id > :after ORDER BY id LIMIT :limit FOR UPDATE";
        parameters.put("after", after);
        parameters.put("limit", BATCH);
        List<DeadLetter> letters =
                control.jdbc().sql(sql).params(parameters).query(letter(false)).list();
        control.jdbc()
                .sql("""
                        UPDATE dead_letters
                        SET state = 'replaying', decided_by = :actor, decided_at = clock_timestamp(), ignore_reason = NULL
                        WHERE workspace_id = :workspace AND id = ANY (:ids)
                        """)
                .param("actor", actor)
                .param("workspace", workspaceId)
                .param("ids", letters.stream().map(DeadLetter::id).toArray(Long[]::new))
                .update();
        return letters;
    }

    private void prepare(UUID workspaceId, List<DeadLetter> letters, Set<LaunchRequest> requests) {
        Map<String, List<DeadLetter>> byJob = letters.stream()
                .collect(Collectors.groupingBy(DeadLetter::job, LinkedHashMap::new, Collectors.toList()));
        byJob.forEach((name, ofJob) -> {
            JobDefinition job = runs.jobs().find(name);
            JobDefinition.Replay replay = job == null ? null : job.replay();
            if (replay == null) {
                throw new RunConflict(name + " cannot replay dead letters: mend the cause and run it again");
            }
            requests.addAll(replay.replay(workspaceId, ofJob));
        });
    }

    /// Puts open letters aside: they are in no list of what is to be done, and stay there while they fail for the
    /// same reason.
    ///
    /// @return how many
    public long ignore(UUID workspaceId, LetterFilter filter, String actor, String reason) {
        return control.call(() -> {
            Map<String, Object> parameters = parameters(workspaceId);
            String conditions = filter.conditions(parameters);
            parameters.put("actor", actor);
            parameters.put("why", reason);
            long letters =
                    control.jdbc().sql("""
                            UPDATE dead_letters
                            SET state = 'ignored', ignore_reason = :why, decided_by = :actor, decided_at = clock_timestamp()
                            WHERE workspace_id = :workspace AND state IN ('open', 'replaying')
                            """ + conditions).params(parameters).update();
            audit.record(
                    workspaceId,
                    actor,
                    "deadletters.ignore",
                    letters + " dead letters",
                    detail(filter, reason, letters));
            return letters;
        });
    }

    private static Map<String, Object> detail(LetterFilter filter, String reason, long letters) {
        Map<String, Object> detail = new LinkedHashMap<>();
        detail.put("reason", reason);
        detail.put("letters", letters);
        detail.put("selection", filter);
        return detail;
    }
}
