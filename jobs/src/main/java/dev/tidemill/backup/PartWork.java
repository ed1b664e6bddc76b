package dev.tidemill.backup;

import dev.tidemill.backup.BackupRows.Kept;
import dev.tidemill.backup.PartPlan.Copy;
import dev.tidemill.backup.PartPlan.Todo;
import dev.tidemill.postgres.Programs;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import javax.crypto.SecretKey;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyOut;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes one part of a backup: reads it under the snapshot and brings it to the target.
final class PartWork {

    private static final Logger log = LoggerFactory.getLogger(PartWork.class);

    /// Tries of a part whose target is in trouble, each with tries of its own requests; then the run is tried again.
    private static final int TRIES = 3;

    /// What newer versions of pg_dump and pg_restore guard their output with; older versions of psql do not know it.
    private static final Pattern GUARD = Pattern.compile("(?m)^\\\\(un)?restrict [A-Za-z0-9]+\\R?");

    private static final byte[] NOTHING = {};

    private final LiveDatabase database;
    private final Snapshot snapshot;
    private final Target target;
    private final String backup;
    private final SecretKey dataKey;
    private final Questions questions;
    private final int questionsPerProject;
    private final @Nullable UUID only;
    private final int compression;
    private final Programs programs;
    private @Nullable Schema schema;

    PartWork(
            LiveDatabase database,
            Snapshot snapshot,
            Target target,
            String backup,
            SecretKey dataKey,
            Questions questions,
            BackupProperties properties,
            @Nullable UUID only)
            throws SQLException {
        this.database = database;
        this.snapshot = snapshot;
        this.target = target;
        this.backup = backup;
        this.dataKey = dataKey;
        this.questions = questions;
        this.questionsPerProject = properties.questions();
        this.only = only;
        this.compression = properties.compression();
        this.programs = database.programs();
    }

    Kept make(Todo todo) throws Exception {
        for (int attempt = 1; ; attempt++) {
            try {
                return once(todo);
            } catch (TargetUnavailable e) {
                if (attempt == TRIES) {
                    throw e;
                }
                log.warn("part {} of backup {} is written again: {}", todo.name(), backup, e.getMessage());
            } catch (IOException | SQLException e) {
                throw e;
            } catch (RuntimeException e) {
                throw new IllegalStateException(
                        "part " + todo.name() + " of backup " + backup + " cannot be made: " + e.getMessage(), e);
            }
        }
    }

    private Kept once(Todo todo) throws Exception {
        List<Manifest.Content> tables = new ArrayList<>();
        long start = System.nanoTime();
        Parts.Written written = Parts.write(
                target,
                backup + "/" + todo.name(),
                Catalogue.sealedName(backup, todo.name()),
                dataKey,
                compression,
                out -> switch (todo.kind()) {
                    case PRE_DATA, POST_DATA -> schema(todo.kind(), out);
                    case SEQUENCES -> sequences(out);
                    case QUESTIONS -> questions(out);
                    case BASE -> base(out);
                    case ROWS -> snapshot.read(reader -> rows(reader, todo, tables, out));
                });
        log.debug(
                "part {} of backup {}: {} rows, {} bytes out of {}, in {} ms",
                todo.name(),
                backup,
                written.rows(),
                written.bytes(),
                written.rawBytes(),
                (System.nanoTime() - start) / 1_000_000);
        return new Kept(
                todo,
                new Manifest.Part(
                        todo.name(),
                        todo.kind(),
                        List.copyOf(tables),
                        written.rows(),
                        written.rawBytes(),
                        written.bytes(),
                        written.sha256()));
    }

    private static long rows(Connection reader, Todo todo, List<Manifest.Content> tables, OutputStream out)
            throws SQLException, IOException {
        long rows = 0;
        for (Copy copy : todo.copies()) {
            Manifest.Content content = rows(reader, copy, out);
            tables.add(content);
            rows += content.rows();
        }
        return rows;
    }

    private static Manifest.Content rows(Connection reader, Copy copy, OutputStream out)
            throws SQLException, IOException {
        RowDigest digest = new RowDigest();
        long bytes = 0;
        CopyOut rows = reader.unwrap(PGConnection.class)
                .getCopyAPI()
                .copyOut("COPY " + copy.query() + " TO STDOUT" + (copy.binary() ? " (FORMAT binary)" : ""));
        try {
            for (byte[] message = rows.readFromCopy(); message != null; message = rows.readFromCopy()) {
                if (copy.binary()) {
                    digest.message(message);
                }
                out.write(message);
                bytes += message.length;
            }
        } finally {
            if (rows.isActive()) {
                rows.cancelCopy();
            }
        }
        return copy.binary()
                ? new Manifest.Content(copy.table(), digest.rows(), bytes, digest.text())
                : new Manifest.Content(copy.table(), rows.getHandledRowCount(), bytes, "");
    }

    /// Of the whole cluster as it is, which needs no snapshot: the log says what was written meanwhile.
    private long base(OutputStream out) throws Exception {
        List<String> command = List.of(
                programs.path("pg_basebackup"),
                "--pgdata=-",
                "--format=tar",
                "--wal-method=none",
                "--checkpoint=fast",
                "--manifest-checksums=SHA256",
                "--no-password");
        run(command, NOTHING, in -> in.transferTo(out));
        return 0;
    }

    private long schema(Manifest.Kind kind, OutputStream out) throws Exception {
        Schema whole;
        synchronized (this) {
            if (schema == null) {
                schema = dump();
            }
            whole = schema;
        }
        out.write(
                (kind == Manifest.Kind.PRE_DATA ? whole.preData() : whole.postData()).getBytes(StandardCharsets.UTF_8));
        return 0;
    }

    /// The schema as SQL: what comes before the data, and what after.
    private record Schema(String preData, String postData) {}

    /// The catalog is read once; `pg_restore` makes both sections of it. It stays in memory: a file would outlive a
    /// kill.
    private Schema dump() throws Exception {
        List<String> command = new ArrayList<>(List.of(
                programs.path("pg_dump"),
                "--schema-only",
                "--format=custom",
                "--compress=0",
                "--snapshot=" + snapshot.name(),
                "--no-password"));
        String role = snapshot.read(reader -> String.valueOf(
                LiveDatabase.text(reader, "SELECT coalesce(nullif(current_user::text, session_user::text), '')")));
        if (!role.isEmpty()) {
            command.add("--role=" + role);
        }
        byte[] archive = run(command, NOTHING);
        return new Schema(section("pre-data", archive), section("post-data", archive));
    }

    private String section(String name, byte[] archive) throws IOException, InterruptedException {
        List<String> command = List.of(programs.path("pg_restore"), "--section=" + name, "--file=-");
        return GUARD.matcher(new String(run(command, archive), StandardCharsets.UTF_8))
                .replaceAll("");
    }

    /// Takes what a program writes.
    private interface Sink {
        void take(InputStream in) throws IOException;
    }

    /// @return what the program writes
    private byte[] run(List<String> command, byte[] input) throws IOException, InterruptedException {
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        run(command, input, in -> in.transferTo(written));
        return written.toByteArray();
    }

    /// Errors are read and input is written beside: a pipe that nobody reads would stop the program, and a file would
    /// outlive a kill.
    private void run(List<String> command, byte[] input, Sink sink) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().keySet().removeIf(name -> name.startsWith("PG"));
        builder.environment().putAll(database.environment());
        Process process = builder.start();
        CompletableFuture<String> errors = errors(process);
        try (InputStream in = process.getInputStream()) {
            feed(process, input);
            sink.take(in);
            if (!process.waitFor(1, TimeUnit.MINUTES)) {
                throw new IOException(command.getFirst() + " has written everything and does not end");
            }
        } finally {
            process.destroyForcibly();
        }
        if (process.exitValue() != 0) {
            throw new IOException(command.getFirst() + " failed: " + errors.join());
        }
    }

    private static void feed(Process process, byte[] input) {
        Thread.ofVirtual().name("input").start(() -> {
            try (OutputStream in = process.getOutputStream()) {
                in.write(input);
            } catch (IOException e) {
                // The program has ended before it read everything: its exit code and its errors say why.
                log.debug("{} took no more input: {}", process, e.getMessage());
            }
        });
    }

    private static CompletableFuture<String> errors(Process process) {
        CompletableFuture<String> errors = new CompletableFuture<>();
        Thread.ofVirtual().name("errors").start(() -> {
            try (InputStream in = process.getErrorStream()) {
                errors.complete(new String(in.readAllBytes(), StandardCharsets.UTF_8).strip());
            } catch (IOException e) {
                errors.complete("what it said cannot be read: " + e.getMessage());
            }
        });
        return errors;
    }

    /// As they stand now, which is at or after the snapshot: a number is skipped rather than given twice.
    private long sequences(OutputStream out) throws Exception {
        List<String> sql = snapshot.read(reader -> BackupJob.column(reader, """
                SELECT format('SELECT pg_catalog.setval(%L, %s, %s);', format('%I.%I', schemaname, sequencename),
                              coalesce(last_value, start_value), (last_value IS NOT NULL)::text)
                FROM pg_sequences ORDER BY schemaname, sequencename
                """));
        out.write((String.join("\n", sql) + "\n").getBytes(StandardCharsets.UTF_8));
        return 0;
    }

    private long questions(OutputStream out) throws Exception {
        Questions.Sheet sheet = questions.ask(database, snapshot.name(), questionsPerProject, only);
        out.write(sheet.bytes());
        return sheet.asked().size();
    }
}
