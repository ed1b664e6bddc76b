package dev.tidemill.admin.crashtest;

import dev.tidemill.postgres.DatabaseUnavailable;
import dev.tidemill.postgres.PrivateCluster;
import dev.tidemill.schema.Schema;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;
import org.springframework.dao.DataAccessException;

/// Ingests a made-up, changing folder twice: undisturbed, and while processes, connections and the database server
/// are killed at seeded moments. Then both databases must hold the same.
///
/// What it waits for happens in other processes, which may be dead: nothing could tell it, so it looks again and again.
public final class CrashTest implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Duration ZOMBIE_WATCH = Duration.ofSeconds(4);

    private static final String REFERENCE = "reference";
    private static final String CRASHED = "crashed";

    private final Options options;
    private final Consumer<String> progress;
    private final Path scratch;
    private final Library library;
    private final List<Fault> schedule;
    private final Trap trap = new Trap(this::strike);
    private final List<WorkerProcess> workers = new CopyOnWriteArrayList<>();
    private final Map<String, Integer> kills = new TreeMap<>();
    private final List<Double> recoveries = new ArrayList<>();
    private final List<String> faults = new ArrayList<>();
    private final List<Wire> wires = new ArrayList<>();
    private volatile PrivateCluster cluster;
    private volatile boolean serverDown;
    private @Nullable WorkerProcess reference;
    private volatile @Nullable WorkerProcess stopped;
    private int started;
    private long lastStart;
    private int next;

    /// What a test is to do.
    ///
    /// @param nodes processes that are kept alive
    /// @param documents in the folder at first
    /// @param lease how long a silent process is believed alive
    public record Options(long seed, int kills, Mode mode, int documents, int nodes, Duration lease) {

        public Options {
            if (kills < 1 || kills > 100_000) {
                throw new IllegalArgumentException("kills is " + kills + ": use 1 to 100000");
            }
            if (documents < 4 || documents > 10_000) {
                throw new IllegalArgumentException("documents is " + documents + ": use 4 to 10000");
            }
            if (nodes < 1 || nodes > 8) {
                throw new IllegalArgumentException("nodes is " + nodes + ": use 1 to 8");
            }
            if (lease.toMillis() < 2_000) {
                throw new IllegalArgumentException("lease is " + lease + ": must be at least 2s");
            }
        }
    }

    /// @param folder empty or not there yet
    /// @param progress told of each fault and recovery
    public CrashTest(Options options, Path folder, Consumer<String> progress) {
        this.options = options;
        this.progress = progress;
        this.scratch = folder.toAbsolutePath().normalize();
        try {
            Files.createDirectories(scratch.resolve("logs"));
            Files.createDirectories(scratch.resolve("home"));
            // The database server's own account passes through to its folder.
            Files.setPosixFilePermissions(scratch, PosixFilePermissions.fromString("rwx--x--x"));
        } catch (IOException e) {
            throw new UncheckedIOException("the scratch folder " + scratch + " cannot be used: " + e.getMessage(), e);
        }
        library = new Library(scratch.resolve("library"), options.seed(), options.documents());
        schedule = Fault.schedule(options.seed(), options.kills(), options.mode());
        cluster = PrivateCluster.start(scratch.resolve("postgres"));
    }

    /// Runs to the end of the schedule, or to the first difference.
    public Report run() throws InterruptedException, IOException {
        prepareDatabases();
        WorkerProcess undisturbed = undisturbed();
        Ledger undisturbedLedger = new Ledger(source(REFERENCE));
        int round = 0;
        List<String> lost = new ArrayList<>();
        List<String> duplicated = new ArrayList<>();
        int rows = 0;
        while (lost.isEmpty()
                && duplicated.isEmpty()
                && faults.isEmpty()
                && (next < schedule.size() || trap.isArmed())) {
            round++;
            library.turn();
            String identity = "round-" + round;
            undisturbed.launch(identity, scratch.resolve("library"));
            awaitUndisturbed(undisturbedLedger, identity);
            undisturbedLedger.faults(library.ledger()).forEach(fault -> faults.add("undisturbed: " + fault));
            disturbed(identity);
            Ledger ledger = new Ledger(source(CRASHED));
            faults.addAll(ledger.faults(library.ledger()));
            List<String> expected = undisturbedLedger.contents();
            List<String> found = ledger.contents();
            rows = expected.size();
            lost.addAll(beyond(expected, found));
            duplicated.addAll(beyond(found, expected));
        }
        long refusals = wires.stream().mapToLong(Wire::refused).sum();
        Map<String, Integer> embedded = WorkerProcess.embeddings(scratch);
        long calls = embedded.values().stream().mapToLong(Integer::longValue).sum();
        return new Report(
                kills,
                List.copyOf(recoveries),
                round,
                library.ledger().size(),
                rows,
                lost,
                duplicated,
                faults,
                calls,
                calls - embedded.size(),
                refusals);
    }

    private WorkerProcess undisturbed() throws InterruptedException {
        WorkerProcess worker = work(REFERENCE, REFERENCE, new Undisturbed());
        reference = worker;
        if (!worker.awaitReady(PATIENCE.toSeconds())) {
            throw new IllegalStateException(
                    "a worker process does not start: see " + WorkerProcess.log(scratch, REFERENCE));
        }
        return worker;
    }

    private void prepareDatabases() {
        cluster.createDatabase(REFERENCE);
        Schema.apply(source(REFERENCE));
        try (Connection connection = source("postgres").getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE DATABASE " + CRASHED + " TEMPLATE " + REFERENCE);
        } catch (SQLException e) {
            throw new DatabaseUnavailable("the second database cannot be made: " + e.getMessage(), e);
        }
    }

    private PGSimpleDataSource source(String database) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(cluster.jdbcUrl(database));
        source.setUser(cluster.username());
        source.setPassword(cluster.password());
        source.setConnectTimeout(5);
        return source;
    }

    private WorkerProcess work(String name, String database, Wire.Watcher watcher) {
        Wire wire = new Wire(() -> cluster.port(), watcher);
        if (database.equals(CRASHED)) {
            wires.add(wire);
        }
        long lease = options.lease().toMillis();
        return new WorkerProcess(
                name,
                scratch,
                wire,
                database,
                cluster.username(),
                cluster.password(),
                List.of(
                        "tidemill.runs.adopt=true",
                        "tidemill.database.migrate=false",
                        "tidemill.runs.lease=" + lease + "ms",
                        "tidemill.runs.patience=" + lease * 2 / 3 + "ms",
                        "tidemill.runs.heartbeat=" + lease / 6 + "ms",
                        // Commits are small, so that there are many places to be killed between.
                        "ingest.discover.commit-documents=5",
                        "ingest.extract.commit-documents=3",
                        "ingest.embed.commit-chunks=4",
                        "ingest.publish.commit-documents=2",
                        "logging.level.dev.tidemill.ingest.EmbedReader=TRACE"));
    }

    private void awaitUndisturbed(Ledger ledger, String identity) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!"completed".equals(ledger.state(identity))) {
            if (System.nanoTime() > deadline
                    || !Objects.requireNonNull(reference).alive()) {
                throw new IllegalStateException("the undisturbed ingest does not end: " + ledger.why(identity));
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    /// One launch among faults, to its end.
    private void disturbed(String identity) throws InterruptedException {
        Pursuit pursuit = new Pursuit(identity);
        while (!pursuit.ended()) {
            keepNodes();
            pursuit.look();
            TimeUnit.MILLISECONDS.sleep(10);
        }
    }

    /// Follows one launch: asks for it, arms the next fault, sees to what a fault needs, takes the time of
    /// recovery.
    private final class Pursuit {

        private final String identity;
        private @Nullable WorkerProcess asked;
        private long askedNanos;
        private @Nullable String state;
        private boolean recovering;
        private long armedNanos;
        private int missed;
        private long deadline = System.nanoTime() + PATIENCE.toNanos();

        Pursuit(String identity) {
            this.identity = identity;
        }

        boolean ended() {
            return "completed".equals(state) && !recovering && stopped == null;
        }

        void look() throws InterruptedException {
            if (serverDown) {
                restartServer();
            }
            boolean reachable = true;
            try {
                state = new Ledger(source(CRASHED)).state(identity);
            } catch (DataAccessException e) {
                // The server is recovering from what was done to it.
                state = null;
                reachable = false;
            }
            if (state == null) {
                trap.open(false);
                if (reachable) {
                    ask();
                }
            } else if (state.equals("failed") || state.equals("needs_operator") || state.equals("stopped")) {
                String why = new Ledger(source(CRASHED)).why(identity);
                faults.add("the launch " + identity + " did not go on by itself: " + why);
                throw new IllegalStateException("no recovery: " + why + "; the logs are in " + scratch.resolve("logs"));
            }
            boolean working = "running".equals(state) || "waiting".equals(state);
            trap.open(working && !recovering);
            follow(working);
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("no progress for " + PATIENCE.toSeconds() + " s in " + identity + " ("
                        + state + "); the logs are in " + scratch.resolve("logs"));
            }
        }

        private void ask() {
            WorkerProcess last = asked;
            if (last == null || !last.alive() || System.nanoTime() - askedNanos > TimeUnit.SECONDS.toNanos(10)) {
                workers.stream()
                        .filter(worker -> worker != stopped && worker.ready())
                        .findFirst()
                        .ifPresent(worker -> {
                            worker.launch(identity, scratch.resolve("library"));
                            asked = worker;
                            askedNanos = System.nanoTime();
                        });
            }
        }

        private void follow(boolean working) throws InterruptedException {
            Fault struck = trap.struck();
            if (struck != null && !recovering) {
                recovering = true;
                kills.merge(
                        struck.row() + " " + struck.mode().name().toLowerCase(java.util.Locale.ROOT) + " "
                                + struck.point().where(),
                        1,
                        Integer::sum);
                progress.accept("kill " + struck.number() + " of " + schedule.size() + ": " + struck.described());
                deadline = System.nanoTime() + PATIENCE.toNanos();
            }
            if (recovering) {
                recover();
            } else if (!trap.isArmed() && next < schedule.size() && working) {
                trap.arm(schedule.get(next++));
                armedNanos = System.nanoTime();
                missed = 0;
            } else {
                Fault armed = trap.armed();
                if (armed != null && armed.point() == KillPoint.ANYWHERE && working && armedNanos > 0) {
                    long due = TimeUnit.MILLISECONDS.toNanos(armed.delayMillis() >> missed);
                    if (System.nanoTime() - armedNanos > due) {
                        trap.now();
                    }
                } else if (armed != null && armed.point() == KillPoint.ANYWHERE && working) {
                    armedNanos = System.nanoTime();
                    missed = 1;
                }
            }
        }

        private void recover() throws InterruptedException {
            WorkerProcess zombie = stopped;
            long recovered = trap.recoveredNanos();
            boolean completed = "completed".equals(state);
            if (zombie != null && !trap.takenOver() && !completed) {
                return;
            }
            if (recovered == 0 && !completed) {
                return;
            }
            long at = recovered == 0 ? System.nanoTime() : recovered;
            recoveries.add((at - trap.struckNanos()) / 1e9);
            if (zombie != null) {
                wakeZombie(zombie);
                stopped = null;
            }
            trap.arm(null);
            recovering = false;
            deadline = System.nanoTime() + PATIENCE.toNanos();
            progress.accept("recovery %d after %.1f s".formatted(recoveries.size(), recoveries.getLast()));
        }

        /// Lets a process go on that others took for dead: none of its transactions may commit any more.
        private void wakeZombie(WorkerProcess zombie) throws InterruptedException {
            long before = zombie.wire().fenced();
            zombie.signal("CONT");
            long until = System.nanoTime() + ZOMBIE_WATCH.toNanos();
            Ledger ledger = new Ledger(source(CRASHED));
            while (System.nanoTime() < until && !"completed".equals(ledger.state(identity))) {
                TimeUnit.MILLISECONDS.sleep(20);
            }
            long after = zombie.wire().fenced();
            if (after != before) {
                faults.add("a process that had been taken over committed " + (after - before) + " transactions");
            }
        }
    }

    private void keepNodes() {
        workers.removeIf(worker -> {
            if (!worker.alive()) {
                worker.close();
            }
            return !worker.alive();
        });
        long living = workers.stream().filter(worker -> worker != stopped).count();
        if (living < options.nodes()
                && !serverDown
                && System.nanoTime() - lastStart > TimeUnit.MILLISECONDS.toNanos(200)) {
            lastStart = System.nanoTime();
            workers.add(work("worker-" + ++started, CRASHED, trap));
        }
    }

    /// Runs on the thread of a wire, which holds the conversation back meanwhile.
    private boolean strike(Fault fault, Wire wire, Wire.@Nullable Link link) {
        switch (fault.mode()) {
            case PROCESS, ALL -> {
                worker(wire).kill();
                return true;
            }
            case BACKEND -> {
                endBackend(Objects.requireNonNull(link), fault.hard());
                return fault.point() == KillPoint.COMMIT_REPLY;
            }
            case POSTMASTER -> {
                endServer(fault.hard());
                return true;
            }
            case ZOMBIE -> {
                WorkerProcess zombie = worker(wire);
                zombie.signal("STOP");
                stopped = zombie;
                return false;
            }
        }
        throw new IllegalStateException("unknown mode " + fault.mode());
    }

    private WorkerProcess worker(Wire wire) {
        return workers.stream()
                .filter(worker -> worker.wire() == wire)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("a wire without its worker"));
    }

    private void endBackend(Wire.Link link, boolean hard) {
        int pid = link.backendPid();
        if (hard) {
            WorkerProcess.signal(pid, "KILL");
        } else {
            new Ledger(source(CRASHED)).terminate(pid);
        }
        awaitEnd(pid);
    }

    private void endServer(boolean hard) {
        try {
            long pid = Long.parseLong(Files.readAllLines(scratch.resolve("postgres/cluster/postmaster.pid"))
                    .getFirst()
                    .strip());
            serverDown = true;
            // QUIT is what `pg_ctl stop -m immediate` sends.
            WorkerProcess.signal(pid, hard ? "KILL" : "QUIT");
            awaitEnd(pid);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void awaitEnd(long pid) {
        ProcessHandle.of(pid)
                .ifPresent(process ->
                        process.onExit().orTimeout(10, TimeUnit.SECONDS).join());
    }

    private void restartServer() throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            try {
                PrivateCluster before = cluster;
                cluster = PrivateCluster.start(scratch.resolve("postgres"));
                // Whoever keeps it up has to be told when it is no longer wanted; it now has another owner.
                before.close();
                serverDown = false;
                return;
            } catch (DatabaseUnavailable e) {
                // The killed server's own processes need a moment to notice.
                if (System.nanoTime() > deadline) {
                    throw e;
                }
                TimeUnit.MILLISECONDS.sleep(200);
            }
        }
    }

    /// Elements that the first list has more often than the second.
    static List<String> beyond(List<String> first, List<String> second) {
        Map<String, Integer> counts = new HashMap<>();
        second.forEach(line -> counts.merge(line, 1, Integer::sum));
        List<String> more = new ArrayList<>();
        for (String line : first) {
            if (counts.merge(line, -1, Integer::sum) < 0) {
                more.add(line);
            }
        }
        return more;
    }

    /// Ends all that was started. The scratch folder stays.
    @Override
    public void close() {
        workers.forEach(WorkerProcess::close);
        WorkerProcess undisturbed = reference;
        if (undisturbed != null) {
            undisturbed.close();
        }
        cluster.close();
    }

    /// Removes the scratch folder.
    public static void removeScratch(Path scratch) throws IOException {
        try (Stream<Path> tree = Files.walk(scratch)) {
            for (Path path : tree.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }

    /// Lets the wire of the undisturbed run be one.
    private static final class Undisturbed implements Wire.Watcher {
        @Override
        public boolean passed(Wire wire, Wire.Link link, KillPoint point) {
            return false;
        }

        @Override
        public void committed(Wire wire) {}
    }
}
