package dev.tidemill.admin.crashtest;

import dev.tidemill.postgres.DatabaseUnavailable;
import dev.tidemill.postgres.PrivateCluster;
import dev.tidemill.schema.Schema;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/// The database server and the processes of both sides: starts them, strikes them, starts them again.
final class Nodes implements AutoCloseable {

    static final Duration PATIENCE = Duration.ofMinutes(3);

    /// Commits are small, so that there are many places to be killed between.
    private static final List<String> SMALL = List.of(
            "ingest.discover.commit-documents=5",
            "ingest.extract.commit-documents=3",
            "ingest.embed.commit-chunks=4",
            "ingest.publish.commit-documents=2",
            // What every model that a project is re-embedded by takes.
            "ingest.chunk.target-tokens=128",
            "ingest.chunk.max-tokens=200",
            "reembed.embed.commit-chunks=4",
            "reembed.evaluate.commit-questions=2",
            "reembed.gate.min-questions=1",
            "evaluate.commit-questions=1",
            "backup.part-size=64KB",
            "backup.questions=2",
            "backup.retention.last=2",
            "prune.batch.commit-items=3",
            "forget.commit-documents=1",
            "migrate.commit-rows=5",
            "export.part-documents=5",
            "export.part-vectors=15",
            "import.commit-documents=4",
            "import.commit-vectors=15",
            "logging.level.dev.tidemill.ingest.EmbedReader=TRACE",
            "logging.level.dev.tidemill.reembed.TextReader=TRACE");

    private final CrashTest.Options options;
    private final Path scratch;
    private final Side reference;
    private final Side crashed;
    private final Trap trap = new Trap(this::strike);
    private final Passages passages = new Passages();
    private final List<WorkerProcess> workers = new CopyOnWriteArrayList<>();
    private final List<Wire> wires = new ArrayList<>();
    private volatile PrivateCluster cluster;
    private volatile boolean serverDown;
    private @Nullable WorkerProcess undisturbed;
    private volatile @Nullable WorkerProcess stopped;
    private int started;
    private long lastStart;

    Nodes(CrashTest.Options options, Path scratch) {
        this.options = options;
        this.scratch = scratch;
        cluster = PrivateCluster.start(scratch.resolve("postgres"));
        reference = side("reference");
        crashed = side("crashed");
    }

    private Side side(String database) {
        Path files = scratch.resolve("files").resolve(database);
        Path home = scratch.resolve("home").resolve(database);
        Side side = new Side(database, home, files, () -> source(database));
        try {
            Files.createDirectories(files);
            Files.createDirectories(home);
            Files.createDirectories(WorkerProcess.temporary(scratch, side));
        } catch (IOException e) {
            throw new UncheckedIOException("the scratch folder " + scratch + " cannot be used: " + e.getMessage(), e);
        }
        return side;
    }

    /// The side that nobody disturbs.
    Side reference() {
        return reference;
    }

    /// The side whose processes are killed.
    Side crashed() {
        return crashed;
    }

    Trap trap() {
        return trap;
    }

    Passages passages() {
        return passages;
    }

    /// Makes both databases and starts the process that is never killed.
    void start() throws InterruptedException {
        cluster.createDatabase(reference.database());
        Schema.apply(source(reference.database()));
        try (Connection connection = source("postgres").getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE DATABASE " + crashed.database() + " TEMPLATE " + reference.database());
        } catch (SQLException e) {
            throw new DatabaseUnavailable("the second database cannot be made: " + e.getMessage(), e);
        }
        WorkerProcess worker = work(reference.database(), reference, passages);
        undisturbed = worker;
        if (!worker.awaitReady(PATIENCE.toSeconds())) {
            throw new IllegalStateException(
                    "a worker process does not start: see " + WorkerProcess.log(scratch, worker.name()));
        }
    }

    /// A database of the server, as its owner.
    PGSimpleDataSource source(String database) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(cluster.jdbcUrl(database));
        source.setUser(cluster.username());
        source.setPassword(cluster.password());
        source.setConnectTimeout(5);
        return source;
    }

    private WorkerProcess work(String name, Side side, Wire.Watcher watcher) {
        Wire wire = new Wire(() -> cluster.port(), watcher);
        if (side.equals(crashed)) {
            wires.add(wire);
        }
        long lease = options.lease().toMillis();
        List<String> settings = new ArrayList<>(SMALL);
        settings.addAll(List.of(
                "tidemill.runs.adopt=true",
                "tidemill.database.migrate=false",
                "tidemill.runs.lease=" + lease + "ms",
                "tidemill.runs.patience=" + lease * 2 / 3 + "ms",
                "tidemill.runs.heartbeat=" + lease / 6 + "ms"));
        return new WorkerProcess(name, scratch, wire, side, cluster.username(), cluster.password(), settings);
    }

    /// A process of this side that takes orders, if there is one.
    Optional<WorkerProcess> ready(Side side) {
        if (side.equals(reference)) {
            WorkerProcess worker = Objects.requireNonNull(undisturbed, "started before");
            if (!worker.alive()) {
                throw new IllegalStateException(
                        "the undisturbed process has ended: see " + WorkerProcess.log(scratch, worker.name()));
            }
            return Optional.of(worker);
        }
        return workers.stream()
                .filter(worker -> worker != stopped && worker.ready())
                .findFirst();
    }

    /// Starts processes in the place of dead ones, and the server where it is down.
    void keep() throws InterruptedException {
        if (serverDown) {
            restartServer();
        }
        workers.removeIf(worker -> {
            if (!worker.alive()) {
                worker.close();
            }
            return !worker.alive();
        });
        long living = workers.stream().filter(worker -> worker != stopped).count();
        if (living < options.nodes() && System.nanoTime() - lastStart > TimeUnit.MILLISECONDS.toNanos(200)) {
            lastStart = System.nanoTime();
            workers.add(work("worker-" + ++started, crashed, trap));
        }
    }

    /// The process that was stopped and still lives.
    @Nullable
    WorkerProcess stopped() {
        return stopped;
    }

    void woken() {
        stopped = null;
    }

    /// Transactions that the fence refused.
    long refused() {
        return wires.stream().mapToLong(Wire::refused).sum();
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
            crashed.ledger().terminate(pid);
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

    @Override
    public void close() {
        workers.forEach(WorkerProcess::close);
        WorkerProcess worker = undisturbed;
        if (worker != null) {
            worker.close();
        }
        cluster.close();
    }

    /// Counts the points that the undisturbed side passes: those are where the other can be struck.
    static final class Passages implements Wire.Watcher {

        private final Map<KillPoint, Integer> counts = new java.util.EnumMap<>(KillPoint.class);

        @Override
        public synchronized boolean passed(Wire wire, Wire.Link link, KillPoint point) {
            counts.merge(point, 1, Integer::sum);
            return false;
        }

        @Override
        public void committed(Wire wire) {}

        /// Begins anew.
        synchronized void forget() {
            counts.clear();
        }

        /// A run can be struck at any time, too.
        synchronized Map<KillPoint, Integer> counts() {
            Map<KillPoint, Integer> all = new java.util.EnumMap<>(KillPoint.class);
            all.putAll(counts);
            all.put(KillPoint.ANYWHERE, 1);
            return all;
        }
    }
}
