package dev.tidemill.backup;

import dev.tidemill.backup.BackupRows.Finding;
import dev.tidemill.backup.Catalogue.Archive;
import java.io.IOException;
import java.io.InputStream;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyOut;

/// Looks through a restored database: is everything there, is it the same, and does it answer as the original did?
/// Everything is looked at, whatever was found before, so that one look tells all.
final class Examination {

    private final Archive archive;
    private final LiveDatabase copy;
    private final Questions questions;
    private final DrillProperties properties;
    private final List<Finding> findings = new ArrayList<>();

    Examination(Archive archive, LiveDatabase copy, Questions questions, DrillProperties properties) {
        this.archive = archive;
        this.copy = copy;
        this.questions = questions;
        this.properties = properties;
    }

    List<Finding> everything() throws SQLException {
        try (Connection connection = copy.connectSeeingAll("tidemill drill")) {
            findings.add(Structure.look(connection, "rows", this::rows));
        }
        findings.addAll(new Structure(copy, properties).everything());
        answers();
        return findings;
    }

    /// Counts and the sum over all rows, against the manifest.
    private Finding rows(Connection connection) throws SQLException, IOException {
        List<String> wrong = new ArrayList<>();
        long rows = 0;
        for (Manifest.Table table : archive.manifest().tables()) {
            RowDigest digest = new RowDigest();
            long count;
            if (table.binary()) {
                CopyOut out = connection
                        .unwrap(PGConnection.class)
                        .getCopyAPI()
                        .copyOut("COPY " + table.name() + " (" + String.join(", ", table.columns())
                                + ") TO STDOUT (FORMAT binary)");
                for (byte[] message = out.readFromCopy(); message != null; message = out.readFromCopy()) {
                    digest.message(message);
                }
                count = digest.rows();
            } else {
                count = LiveDatabase.number(connection, "SELECT count(*) FROM " + table.name());
            }
            rows += count;
            if (count != table.rows()) {
                wrong.add(table.name() + " has " + count + " rows instead of " + table.rows());
            } else if (table.binary() && !digest.text().equals(table.digest())) {
                wrong.add(table.name() + " has other rows than the backup");
            }
        }
        return new Finding(
                "rows",
                wrong.isEmpty(),
                wrong.isEmpty()
                        ? String.format(
                                Locale.ROOT,
                                "%,d rows in %d tables, the same as in the backup",
                                rows,
                                archive.manifest().tables().size())
                        : String.join("; ", wrong));
    }

    private void answers() {
        List<Manifest.Part> parts = archive.manifest().of(Manifest.Kind.QUESTIONS);
        if (parts.isEmpty()) {
            findings.add(new Finding("answers", true, "left out: the backup holds no questions"));
            return;
        }
        try (InputStream in = archive.open(parts.getFirst())) {
            Questions.Sheet sheet = Questions.Sheet.of(in.readAllBytes());
            Questions.Comparison compared = questions.compare(copy, sheet);
            boolean well = compared.overlap() >= properties.answers();
            String detail = compared.asked() == 0
                    ? "left out: there was nothing to ask"
                    : String.format(
                            Locale.ROOT,
                            "%d questions, %d with exactly the same passages, %.3f of all passages found again%s%s",
                            compared.asked(),
                            compared.same(),
                            compared.overlap(),
                            compared.different().isEmpty() ? "" : ": " + String.join("; ", compared.different()),
                            sheet.left().isEmpty() ? "" : "; not asked: " + String.join("; ", sheet.left()));
            findings.add(new Finding("answers", well, detail));
        } catch (IOException | RuntimeException e) {
            findings.add(new Finding("answers", false, "cannot be asked: " + e.getMessage()));
        }
    }

    /// What the findings amount to: 4 when questions were answered as before, 3 when all the rest is well.
    static int level(List<Finding> findings) {
        boolean all = findings.stream().allMatch(Finding::well);
        boolean answered = findings.stream()
                .anyMatch(finding -> finding.check().equals("answers")
                        && finding.well()
                        && !finding.detail().startsWith("left out"));
        boolean rest = findings.stream()
                .filter(finding -> !finding.check().equals("answers"))
                .allMatch(Finding::well);
        return all && answered ? 4 : rest ? 3 : 2;
    }
}
