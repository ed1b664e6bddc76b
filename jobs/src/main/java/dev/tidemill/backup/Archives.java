package dev.tidemill.backup;

import dev.tidemill.backup.Catalogue.Archive;
import dev.tidemill.backup.Catalogue.Entry;
import dev.tidemill.postgres.PgBackRest;
import dev.tidemill.postgres.Recovery;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The backups in the target, to be looked at and taken out by hand. Needs no database, which may be what was lost.
public final class Archives {

    private final Depot depot;

    Archives(Depot depot) {
        this.depot = depot;
    }

    /// A backup in a list.
    ///
    /// @param damage what is wrong with it, null for nothing known
    public record View(
            String id,
            @Nullable String scope,
            @Nullable UUID workspace,
            @Nullable Instant snapshotAt,
            @Nullable Double seconds,
            @Nullable Long rows,
            @Nullable Long rawBytes,
            @Nullable Long bytes,
            @Nullable Integer parts,
            @Nullable String keyId,
            int level,
            @Nullable Instant levelAt,
            @Nullable String pinned,
            @Nullable String damage) {

        static View of(Entry entry) {
            Manifest manifest = entry.manifest();
            Marks marks = entry.marks();
            String damage = marks.damage().isEmpty() ? null : marks.damage();
            return manifest == null
                    ? new View(entry.id(), null, null, null, null, null, null, null, null, null, 0, null, null, damage)
                    : new View(
                            entry.id(),
                            manifest.scope().id(),
                            manifest.workspace(),
                            manifest.snapshotAt(),
                            Duration.between(manifest.startedAt(), manifest.completedAt())
                                            .toMillis()
                                    / 1e3,
                            manifest.rows(),
                            manifest.rawBytes(),
                            manifest.bytes(),
                            manifest.parts().size(),
                            manifest.key().keyId(),
                            marks.level(),
                            marks.levelAt(),
                            marks.pinned(),
                            damage);
        }
    }

    /// A backup with all that its manifest says.
    public record Detail(
            View backup,
            @Nullable String target,
            @Nullable String program,
            @Nullable String postgres,
            @Nullable String database,
            @Nullable String lsn,
            List<String> extensions,
            int changeSets,
            List<TableView> tables,
            List<PartView> parts) {}

    /// A table in a backup.
    public record TableView(String name, long rows) {}

    /// A part of a backup.
    ///
    /// @param table whose rows it holds, how many tables where they are several, null for other parts
    public record PartView(
            String name, String kind, @Nullable String table, long rows, long rawBytes, long bytes, String sha256) {}

    public String target() {
        return depot.catalogue().target().description();
    }

    /// All backups in the target, newest first.
    public List<View> list() {
        return depot.catalogue().list().stream().map(View::of).toList();
    }

    /// An id as it was given: `latest` is the newest whole one of everything.
    Optional<String> resolve(String given) {
        return given.equals("latest")
                ? depot.catalogue().latest().map(Entry::id)
                : depot.catalogue().find(given).map(Entry::id);
    }

    public Optional<Detail> find(String given) {
        return resolve(given).flatMap(depot.catalogue()::find).map(this::detail);
    }

    private Detail detail(Entry entry) {
        Manifest manifest = entry.manifest();
        if (manifest == null) {
            return new Detail(View.of(entry), target(), null, null, null, null, List.of(), 0, List.of(), List.of());
        }
        return new Detail(
                View.of(entry),
                target(),
                manifest.program(),
                manifest.serverVersion(),
                manifest.database(),
                manifest.lsn(),
                manifest.extensions().entrySet().stream()
                        .map(extension -> extension.getKey() + " " + extension.getValue())
                        .toList(),
                manifest.changeSets().size(),
                manifest.tables().stream()
                        .map(table -> new TableView(table.name(), table.rows()))
                        .toList(),
                manifest.parts().stream()
                        .map(part -> new PartView(
                                part.name(),
                                part.kind().name().toLowerCase(Locale.ROOT),
                                tables(part),
                                part.rows(),
                                part.rawBytes(),
                                part.bytes(),
                                part.sha256()))
                        .toList());
    }

    /// Writes one part as it was before it was sealed.
    public void cat(String given, String part, OutputStream out) throws IOException {
        Archive archive = archive(given);
        try (InputStream in = archive.open(archive.manifest().part(part))) {
            in.transferTo(out);
        }
    }

    private static @Nullable String tables(Manifest.Part part) {
        return switch (part.tables().size()) {
            case 0 -> null;
            case 1 -> part.tables().getFirst().table();
            default -> part.tables().size() + " tables";
        };
    }

    private Archive archive(String given) {
        return depot.catalogue()
                .open(resolve(given)
                        .orElseThrow(() -> new IllegalArgumentException(
                                "there is no backup " + given + " in " + target() + ": ./tidemill backup list")));
    }

    /// Writes a backup in clear, with a script that psql makes a database of: without this program from there on.
    ///
    /// @param folder new or empty
    public void decrypt(String given, Path folder) throws IOException {
        Archive archive = archive(given);
        Files.createDirectories(folder);
        try (var there = Files.list(folder)) {
            if (there.findAny().isPresent()) {
                throw new IllegalArgumentException(folder + " is not empty: name a new folder");
            }
        }
        StringBuilder script = new StringBuilder("""
                -- Makes a database of this folder. In it, with any psql of the server's version or a newer one:
                --   createdb restored && psql -X -d restored -f restore.sql
                \\set ON_ERROR_STOP on
                \\i roles.sql
                """);
        Manifest manifest = archive.manifest();
        Files.writeString(folder.resolve("roles.sql"), roles(manifest));
        for (Manifest.Part part : manifest.parts()) {
            String name = part.name().substring(part.name().lastIndexOf('/') + 1);
            try (InputStream in = archive.open(part)) {
                switch (part.kind()) {
                    case ROWS -> {
                        for (Manifest.Content content : part.tables()) {
                            String file = part.tables().size() == 1 ? name : inBundle(name, content, manifest);
                            writeOut(Slice.of(in, content.rawBytes(), part.name()), folder.resolve(file));
                            script.append(copy(manifest.table(content.table()), file));
                        }
                        // Proves the end of the part.
                        in.transferTo(OutputStream.nullOutputStream());
                    }
                    case PRE_DATA, SEQUENCES, POST_DATA -> {
                        writeOut(in, folder.resolve(name));
                        script.append("\\i ").append(name).append('\n');
                    }
                    case BASE, QUESTIONS -> {
                        writeOut(in, folder.resolve(name));
                        script.append("-- ")
                                .append(name)
                                .append(
                                        part.kind() == Manifest.Kind.BASE
                                                ? ": a base backup of the whole cluster\n"
                                                : ": questions and their answers\n");
                    }
                }
            }
        }
        script.append("ANALYZE;\n");
        Files.writeString(folder.resolve("restore.sql"), script.toString());
    }

    private static void writeOut(InputStream in, Path file) throws IOException {
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
            in.transferTo(out);
        }
    }

    /// The name of a table's file out of a bundle: `0007-small-tables-1.bundle` has `0007-012-projects.copy`.
    private static String inBundle(String bundle, Manifest.Content content, Manifest manifest) {
        List<Manifest.Content> all = manifest.parts().stream()
                .filter(part -> part.name().endsWith("/" + bundle))
                .findFirst()
                .orElseThrow()
                .tables();
        return String.format(
                Locale.ROOT,
                "%s-%03d-%s%s",
                bundle.substring(0, bundle.indexOf('-')),
                all.indexOf(content) + 1,
                PartPlan.plain(content.table()),
                manifest.table(content.table()).binary() ? ".copy" : ".txt");
    }

    private static String copy(Manifest.Table table, String file) {
        return "\\copy " + table.name() + " (" + String.join(", ", table.columns()) + ") from '" + file
                + (table.binary() ? "' with (format binary)\n" : "'\n");
    }

    /// A cluster that was recovered: start it with `PrivateCluster`, or `TIDEMILL_HOME`.
    ///
    /// @param lastSegment of the log that it can replay
    public record Recovered(String backup, Path folder, String lastSegment) {}

    /// Makes the data folder of a private cluster out of a base backup and the write-ahead log in the target. It
    /// recovers when it is started.
    ///
    /// @param folder new or empty
    /// @param password of the cluster that was backed up
    public Recovered recover(String given, Path folder, String password, Recovery.Point point, String value)
            throws IOException {
        if (depot.engine() == BackupProperties.Engine.PGBACKREST) {
            PgBackRest engine = depot.pgBackRest(depot.cluster(), password);
            PhysicalBackups.Repository repository = PhysicalBackups.read(engine);
            PhysicalBackups.Physical base = PhysicalBackups.base(repository, given, point, value);
            // A server that finds a gap before its point says so and does not start; without a point it would stop
            // there
            // and take that for the end.
            String last = point == Recovery.Point.END
                    ? PhysicalBackups.unbroken(engine, base)
                    : String.valueOf(repository.lastSegment());
            engine.restore(folder, password, given, point, value);
            return new Recovered("pgBackRest's " + given, folder, last);
        }
        String id = given.equals("latest")
                ? depot.catalogue().list().stream()
                        .filter(entry -> entry.whole()
                                && entry.manifest() != null
                                && entry.manifest().scope() == Manifest.Scope.CLUSTER)
                        .map(Entry::id)
                        .findFirst()
                        .orElseThrow(() -> new IllegalArgumentException("there is no base backup in " + target()
                                + ": ./tidemill backup create --scope cluster makes one"))
                : given;
        Archive archive = archive(id);
        if (archive.manifest().scope() != Manifest.Scope.CLUSTER) {
            throw new IllegalArgumentException(
                    "backup " + id + " is no base backup of a cluster, and a point in time needs"
                            + " one: restore it with ./tidemill restore run");
        }
        Manifest.Part base = archive.manifest().of(Manifest.Kind.BASE).getFirst();
        String damage = archive.check(base);
        if (damage != null) {
            throw new BackupDamaged("backup " + id + " is damaged: " + damage);
        }
        WalArchive wal = new WalArchive(depot.catalogue());
        List<String> segments = wal.from(archive.manifest().lsn());
        Recovery recovery = Recovery.into(folder, password);
        String last = wal.fetch(segments, recovery.wal());
        try (InputStream in = archive.open(base)) {
            recovery.base(in);
        }
        recovery.aim(point, value);
        return new Recovered(id, folder, last);
    }

    private static String roles(Manifest manifest) {
        StringBuilder sql =
                new StringBuilder("-- The roles that the schema speaks of, where they are missing. None can log in.\n");
        List<String> roles = new ArrayList<>(manifest.roles());
        if (!roles.contains(manifest.owner())) {
            roles.add(manifest.owner());
        }
        for (String role : roles) {
            String literal = "'" + role.replace("'", "''") + "'";
            sql.append("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = ")
                    .append(literal)
                    .append(") THEN EXECUTE format('CREATE ROLE %I NOLOGIN', ")
                    .append(literal)
                    .append("); END IF; END $$;\n");
        }
        return sql.toString();
    }
}
