package dev.tidemill.reclaim;

import dev.tidemill.backup.ScratchRequests;
import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.Plan;
import dev.tidemill.run.Prepared;
import dev.tidemill.run.RunProperties;
import dev.tidemill.store.Workspaces;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Checks requests for reclaims against the live installation, and says what they would do.
final class ReclaimRequests {

    private final ScratchRequests scratch;
    private final Workspaces workspaces;
    private final JdbcClient jdbc;
    private final RunProperties runs;

    ReclaimRequests(ScratchRequests scratch, Workspaces workspaces, JdbcClient jdbc, RunProperties runs) {
        this.scratch = scratch;
        this.workspaces = workspaces;
        this.jdbc = jdbc;
        this.runs = runs;
    }

    private static String given(Map<String, String> given, String name) {
        return given.getOrDefault(name, "").strip();
    }

    Prepared prepare(UUID asker, Map<String, String> given) {
        Map<String, String> parameters = new HashMap<>(scratch.prepare(asker, given, ReclaimConfiguration.JOB));
        UUID workspace = scratch.workspace(asker, given(given, ReclaimParameters.ONLY));
        check(workspace, given);
        if (runs.concurrency() < 2) {
            throw new InvalidParameter(
                    ReclaimParameters.PROJECT,
                    "a reclaim waits for imports, which need a place of their own, and this process runs one job at a"
                            + " time: set tidemill.runs.concurrency to 2 or more");
        }
        parameters.put(ReclaimParameters.ONLY, workspace.toString());
        String project = given(given, ReclaimParameters.PROJECT);
        return new Prepared(
                project.isEmpty() ? "reclaim of workspace " + workspace : "reclaim of project " + project, parameters);
    }

    /// Refuses before anything is restored what the import would refuse after it.
    private @Nullable Long check(UUID workspace, Map<String, String> given) {
        String project = given(given, ReclaimParameters.PROJECT);
        String into = given(given, ReclaimParameters.INTO);
        if (project.isEmpty()) {
            if (!into.isEmpty()) {
                throw new InvalidParameter(
                        ReclaimParameters.INTO, "into goes with project: name the one that gets another slug");
            }
            return null;
        }
        String slug = into.isEmpty() ? project : into;
        Long documents = documents(workspace, slug);
        boolean refuse = !List.of("skip", "replace").contains(given(given, ReclaimParameters.ON_CONFLICT));
        if (documents != null && documents > 0 && refuse) {
            throw new InvalidParameter(
                    ReclaimParameters.ON_CONFLICT,
                    "project " + slug + " is there and has " + documents + " documents: give it another slug with into,"
                            + " or say with onConflict what to do with those that are in both: skip or replace");
        }
        return documents;
    }

    /// Of a live project, null where there is none.
    private @Nullable Long documents(UUID workspace, String slug) {
        return workspaces
                .call(
                        workspace,
                        () -> jdbc.sql("""
                                SELECT (SELECT count(*) FROM documents d
                                        WHERE d.workspace_id = p.workspace_id AND d.project_id = p.id)
                                FROM projects p WHERE p.workspace_id = :workspace AND p.slug = :slug
                                """)
                                .param("workspace", workspace)
                                .param("slug", slug)
                                .query(Long.class)
                                .optional())
                .orElse(null);
    }

    Plan plan(UUID asker, Map<String, String> given) {
        Plan restore = scratch.plan(asker, given, ReclaimConfiguration.JOB);
        UUID workspace = scratch.workspace(asker, given(given, ReclaimParameters.ONLY));
        Long documents = check(workspace, given);
        String project = given(given, ReclaimParameters.PROJECT);
        List<String> notes = new ArrayList<>(restore.notes());
        notes.add("rows, parts and bytes are those of the whole backup, which is read; only those of workspace "
                + workspace + " are kept, in a scratch database that is removed at the end, and no vector index is"
                + " built there");
        if (!project.isEmpty()) {
            String into = given(given, ReclaimParameters.INTO);
            String slug = into.isEmpty() ? project : into;
            notes.add(
                    documents == null
                            ? "project " + slug + " is made"
                            : "project " + slug + " is there with " + documents + " documents: "
                                    + (documents == 0
                                            ? "the backup's come to it"
                                            : given(given, ReclaimParameters.ON_CONFLICT)));
        }
        notes.add("nothing is embedded again: the vectors come with the documents");
        return new Plan(
                restore.counts(),
                0,
                restore.cost(),
                restore.time(),
                restore.diskBytes(),
                notes,
                restore.world() + workspace + project + documents);
    }
}
