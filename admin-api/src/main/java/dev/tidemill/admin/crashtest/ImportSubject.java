package dev.tidemill.admin.crashtest;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A file of the project becomes another project, which holds the same.
final class ImportSubject implements Subject {

    /// What anyone could see of a project; `$P` stands for its name, `$S` for its live set.
    private static final List<String> VISIBLE = List.of("""
            SELECT 'document' AS what, s.type, s.location, d.key, v.file_name, v.title, v.media_type, v.metadata::text AS metadata,
                   v.profile, v.text_length, v.chunk_count, encode(v.sha256, 'hex') AS hash, b.size
            FROM documents d JOIN projects p ON p.id = d.project_id JOIN sources s ON s.id = d.source_id
            JOIN document_versions v ON v.document_id = d.id AND v.version = d.published_version
            LEFT JOIN blobs b ON b.workspace_id = v.workspace_id AND b.sha256 = v.sha256
            WHERE p.slug = '$P' AND d.deleted_at IS NULL
            """, """
            SELECT 'text' AS what, d.key, t.start_offset, md5(t.text) AS text FROM document_texts t
            JOIN document_versions v ON v.id = t.version_id JOIN documents d ON d.id = v.document_id
              AND d.published_version = v.version AND d.deleted_at IS NULL
            JOIN projects p ON p.id = d.project_id WHERE p.slug = '$P'
            """, """
            SELECT 'chunk' AS what, d.key, c.ordinal, c.content_id, md5(c.header || c.text) AS text, md5(c.tsv::text) AS tsv,
                   c.heading_path::text AS path, c.start_offset, c.end_offset, c.tokens, md5(x.embedding::text) AS vector
            FROM chunks c JOIN documents d ON d.id = c.document_id JOIN projects p ON p.id = c.project_id
            LEFT JOIN vectors_$S x ON x.workspace_id = c.workspace_id AND x.content_id = c.content_id
            WHERE p.slug = '$P' AND c.valid_from IS NOT NULL AND c.valid_to IS NULL
            """, """
            SELECT 'question' AS what, q.key, q.question, q.expected::text AS expected
            FROM golden_questions q JOIN projects p ON p.id = q.project_id WHERE p.slug = '$P'
            """);

    @Override
    public String job() {
        return "import";
    }

    private static String project(int round) {
        return "imported-" + round;
    }

    private static Path file(World world, int round) {
        return world.reference().files().resolve("import-" + round + ".tidemill");
    }

    @Override
    public void prepare(World world, int round) throws InterruptedException {
        world.settle();
        Golden.plant(world);
        world.run(
                world.reference(),
                Order.of(
                        "file-" + round,
                        "export",
                        Map.of("file", file(world, round).toString())));
    }

    @Override
    public Order order(World world, Side side, String identity, int round) {
        return Order.of(identity, job(), Map.of("file", file(world, round).toString(), "project", project(round)));
    }

    private static List<String> visible(Side side, String project) {
        long set = side.number("SELECT coalesce(live_set_id, 0) FROM projects WHERE slug = '" + project + "'");
        List<String> lines = new ArrayList<>();
        VISIBLE.forEach(sql -> side.rows(sql.replace("$P", project).replace("$S", Long.toString(set)))
                .forEach(row -> lines.add(row.toString())));
        return lines;
    }

    @Override
    public List<String> contents(World world, Side side, String identity, int round) {
        return visible(side, project(round));
    }

    @Override
    public List<String> faults(World world, Side side, String identity, int round) {
        List<String> faults = new ArrayList<>();
        List<String> exported = visible(side, "default");
        List<String> imported = visible(side, project(round));
        CrashTest.beyond(exported, imported).forEach(line -> faults.add("exported and not imported: " + line));
        CrashTest.beyond(imported, exported).forEach(line -> faults.add("imported and never exported: " + line));
        return faults;
    }
}
