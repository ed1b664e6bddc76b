package dev.tidemill.admin.crashtest;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/// A word that some documents hold is forgotten with them.
final class ForgetSubject implements Subject {

    private static final int PLANTED = 3;

    private final Map<Side, UUID> receipts = new HashMap<>();
    private List<String> keys = List.of();
    private String word = "";

    @Override
    public String job() {
        return "forget";
    }

    @Override
    public void prepare(World world, int round) throws InterruptedException {
        world.settle();
        word = "unutterable" + round;
        keys = world.library().plant(word, PLANTED);
        world.ingest();
        for (Side side : world.sides()) {
            receipts.put(
                    side,
                    side.jdbc()
                            .sql("""
                            INSERT INTO forget_receipts (workspace_id, kind, needle, needle_sha256, requested_by)
                            SELECT workspace_id, 'text', :word, :hash, 'crash-test' FROM projects WHERE slug = 'default'
                            RETURNING id
                            """)
                            .param("word", word)
                            .param("hash", sha256(word))
                            .query(UUID.class)
                            .single());
        }
    }

    private static String sha256(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    @Override
    public Order order(World world, Side side, String identity, int round) {
        return Order.of(identity, job(), Map.of("request", String.valueOf(receipts.get(side))));
    }

    @Override
    public void expect(World world) {
        world.library().forget(keys);
    }

    /// Messages of failed tries may name the text on the killed side alone; what was removed of the documents
    /// is equal.
    @Override
    public List<String> contents(World world, Side side, String identity, int round) {
        return side.lines("receipt", """
                SELECT state, needle IS NULL AS needle_gone, traces, k.kind, k.removed FROM forget_receipts r
                CROSS JOIN LATERAL (SELECT key AS kind, value AS removed FROM jsonb_each_text(r.removed)) k
                WHERE r.id = '%s' AND k.kind IN
                  ('documents', 'versions', 'chunks', 'vectors', 'cached', 'originals', 'letters') ORDER BY k.kind
                """.formatted(receipts.get(side)));
    }

    @Override
    public List<String> faults(World world, Side side, String identity, int round) {
        List<String> faults = new ArrayList<>();
        try (Connection connection = side.owner().get().getConnection();
                PreparedStatement workspace = connection.prepareStatement(
                        "SELECT set_config('tidemill.workspace_id', workspace_id::text, false) FROM projects"
                                + " WHERE slug = 'default'");
                PreparedStatement search = connection.prepareStatement("SELECT place, hits FROM find_traces(?)")) {
            workspace.executeQuery().close();
            search.setString(1, word);
            try (ResultSet traces = search.executeQuery()) {
                while (traces.next()) {
                    faults.add("the forgotten word still stands in " + traces.getString(1));
                }
            }
        } catch (SQLException e) {
            throw new IllegalStateException("the forgotten word cannot be looked for: " + e.getMessage(), e);
        }
        faults.addAll(side.lines("a request that is open", "SELECT id FROM forget_receipts WHERE state = 'open'"));
        return faults;
    }
}
