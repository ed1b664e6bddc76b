import dev.tidemill.admin.Database;
import dev.tidemill.admin.Home;
import dev.tidemill.admin.Server;
import dev.tidemill.admin.StartWorkspace;
import dev.tidemill.embed.OnnxEmbedder;
import dev.tidemill.store.Project;
import dev.tidemill.store.Projects;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.VectorSets;
import dev.tidemill.store.Vectors;
import dev.tidemill.store.Vectors.Embedded;
import dev.tidemill.store.Workspaces;
import java.io.IOException;
import com.sun.management.GarbageCollectionNotificationInfo;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.management.NotificationEmitter;
import javax.management.openmbean.CompositeData;
import javax.sql.DataSource;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.RunView;
import dev.tidemill.run.Runs;
import java.io.BufferedReader;
import java.io.File;
import tools.jackson.databind.json.JsonMapper;

/// A server of its own on a private database in a temporary folder, and the printing of figures and checks.
final class Bench implements AutoCloseable {

    final ConfigurableApplicationContext context;
    final DataSource ownerSource;

    /// Reads and writes past row-level security.
    final JdbcClient owner;

    final Workspaces workspaces;
    final Projects projects;
    final Vectors vectors;
    final OnnxEmbedder embedder;
    final UUID workspace;
    private final long postmaster;
    private boolean failed;

    Bench(List<String> settings) {
        Home home = new Home(work().resolve("home"));
        List<String> all = new ArrayList<>(settings);
        // Not the database that the environment may name.
        all.add("tidemill.database.url=");
        all.add("server.port=0");
        context = Server.start(home, null, all);
        ownerSource = context.getBean(Database.class).owner();
        owner = JdbcClient.create(ownerSource);
        workspaces = context.getBean(Workspaces.class);
        projects = context.getBean(Projects.class);
        vectors = new Vectors(workspaces, context.getBean(JdbcTemplate.class));
        embedder = context.getBean(OnnxEmbedder.class);
        workspace = context.getBean(StartWorkspace.class).id();
        postmaster = Long.parseLong(text("SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)"));
    }

    static Path work() {
        return Path.of(System.getProperty("bench.work"));
    }

    /// A file of the shared test data: in the folder that the system property `tidemill.shared` names, else in `shared`
    /// beside the project.
    static Path shared(String file) {
        String named = System.getProperty("tidemill.shared", "");
        Path root = Path.of(System.getProperty("bench.root"));
        return (named.isEmpty() ? root.resolveSibling("shared") : Path.of(named)).resolve("data").resolve(file);
    }

    /// Options as `--name value`; unknown names end the program.
    static Map<String, String> options(String[] arguments, Map<String, String> defaults) {
        Map<String, String> options = new TreeMap<>(defaults);
        for (int i = 0; i < arguments.length; i += 2) {
            String name = arguments[i].startsWith("--") ? arguments[i].substring(2) : "";
            if (!defaults.containsKey(name) || i + 1 == arguments.length) {
                System.err.println("options, each with a value (defaults): "
                        + new TreeMap<>(defaults).toString().replaceAll("[{}]", "").replaceAll("(^|, )", "$1--"));
                System.exit(name.equals("help") ? 0 : 2);
            }
            options.put(name, arguments[i + 1]);
        }
        return options;
    }

    Project project() {
        return projects.find(workspace, "default").orElseThrow();
    }

    /// The set that answers, made when there is none.
    VectorSet liveSet() {
        return new VectorSets(workspaces, context.getBean(JdbcTemplate.class))
                .liveOrFirst(project(), embedder.id(), embedder.fingerprint(), embedder.dimensions());
    }

    long number(String sql) {
        return owner.sql(sql).query(Long.class).single();
    }

    String text(String sql) {
        return String.valueOf(owner.sql(sql).query(String.class).optional().orElse(""));
    }

    boolean indexed(VectorSet set) {
        return number("SELECT count(*) FROM pg_indexes WHERE indexdef LIKE '%USING hnsw%' AND tablename = '"
                        + set.table() + "'")
                == 1;
    }

    /// Stores vectors, each a mixture of two of the given ones with some noise. Noise spreads them over all dimensions, which
    /// makes them harder to index than real ones.
    void fill(VectorSet set, List<float[]> around, int count, IntFunction<UUID> ids) {
        Random random = new Random(7);
        store(set, count, ids, i -> {
            float[] one = around.get(random.nextInt(around.size()));
            float[] other = around.get(random.nextInt(around.size()));
            return mixture(one, other, random.nextFloat(), () -> (float) (random.nextGaussian() * 0.015));
        });
    }

    /// Stores vectors, asked for one after the other.
    void store(VectorSet set, int count, IntFunction<UUID> ids, IntFunction<float[]> vector) {
        int commit = 1_000;
        for (int first = 0; first < count; first += commit) {
            List<Embedded> batch = new ArrayList<>();
            for (int i = first; i < Math.min(count, first + commit); i++) {
                batch.add(new Embedded(0, ids.apply(i), vector.apply(i)));
            }
            workspaces.run(workspace, () -> vectors.write(workspace, set, batch));
        }
    }

    /// The sentences of a file's texts, longer than 30 characters.
    static List<String> sentences(Path file) throws Exception {
        List<String> sentences = new ArrayList<>();
        try (BufferedReader reader = Files.newBufferedReader(file)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                String text = JsonMapper.shared().readTree(line).path("text").asString();
                for (String sentence : text.split("(?<=[.?!]) ")) {
                    String clean = sentence.replaceAll("\\s+", " ").strip();
                    if (clean.length() > 30) {
                        sentences.add(clean);
                    }
                }
            }
        }
        return sentences;
    }

    /// A run of a job from its launch to its end.
    ///
    /// @throws IllegalStateException when it did not complete
    RunView run(UUID workspace, String job, Map<String, String> parameters) {
        Runs runs = context.getBean(Runs.class);
        RunView view = runs.finished(runs.launch(LaunchRequest.of(workspace, job, parameters, "bench"))
                        .runId())
                .join();
        if (!view.status().equals("COMPLETED")) {
            throw new IllegalStateException(job + " ended " + view.status() + ": " + view.message());
        }
        return view;
    }

    /// Runs a script with PostgreSQL's programs on a database, in a folder.
    ///
    /// @param options of the sessions, as PGOPTIONS
    /// @return seconds
    /// @throws IllegalStateException with what it said when it failed
    double shell(String script, Path folder, String database, String options) throws Exception {
        Path log = folder.resolve("shell.log");
        ProcessBuilder builder = new ProcessBuilder("/bin/bash", "-o", "pipefail", "-c", script)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        Database server = context.getBean(Database.class);
        String address = server.jdbcUrl().replaceFirst("jdbc:postgresql://", "");
        builder.environment().put("PGHOST", address.substring(0, address.indexOf(':')));
        builder.environment().put("PGPORT", address.substring(address.indexOf(':') + 1, address.indexOf('/')));
        builder.environment().put("PGUSER", String.valueOf(server.username()));
        builder.environment().put("PGPASSWORD", String.valueOf(server.password()));
        builder.environment().put("PGDATABASE", database);
        builder.environment().put("PGOPTIONS", options);
        String bin = text("SELECT setting FROM pg_config() WHERE name = 'BINDIR'");
        builder.environment().put("PATH", bin + File.pathSeparator + System.getenv("PATH"));
        long start = System.nanoTime();
        int code = builder.start().waitFor();
        double seconds = seconds(start);
        if (code != 0) {
            throw new IllegalStateException(script + " ended with " + code + ": " + Files.readString(log));
        }
        return seconds;
    }

    /// What lies between two vectors, of length 1.
    static float[] mixture(float[] one, float[] other, float share, Supplier<Float> noise) {
        float[] vector = new float[one.length];
        double squares = 0;
        for (int i = 0; i < vector.length; i++) {
            vector[i] = share * one[i] + (1 - share) * other[i] + noise.get();
            squares += vector[i] * vector[i];
        }
        for (int i = 0; i < vector.length; i++) {
            vector[i] /= (float) Math.sqrt(squares);
        }
        return vector;
    }

    void buildIndex(VectorSet set) {
        workspaces.run(workspace, () -> vectors.createIndex(set, 512));
    }

    static void heading(String text) {
        System.out.printf("%n%s%n", text);
    }

    static void figure(String name, String format, Object... values) {
        System.out.printf("  %-56s %s%n", name, String.format(Locale.ROOT, format, values));
    }

    static void progress(String text) {
        System.err.println("bench: " + LocalDateTime.now().truncatedTo(ChronoUnit.SECONDS) + " " + text);
    }

    /// A figure that has a goal. Only wrong results end the program with an error: speed depends on the machine.
    static void goal(String name, double value, boolean met, String goal) {
        System.out.printf(Locale.ROOT, "  %-56s %.3f  %s (goal %s)%n", name, value, met ? "met" : "MISSED", goal);
    }

    void check(String name, Object actual, Object expected) {
        boolean right = actual.equals(expected);
        failed |= !right;
        System.out.printf(
                "  %-56s %s%n", name, right ? "right (" + actual + ")" : "WRONG: " + actual + ", expected " + expected);
    }

    static double percentile(double[] values, double share) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[(int) Math.min(sorted.length - 1, Math.round(share * (sorted.length - 1)))];
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }

    /// Processor time that this process and the database's processes have used so far, in seconds. Processes that ended
    /// are not in it.
    double processorSeconds() {
        long nanos = ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class)
                .getProcessCpuTime();
        ProcessHandle server = ProcessHandle.of(postmaster).orElseThrow();
        nanos += Stream.concat(Stream.of(server), server.descendants())
                .flatMap(process -> process.info().totalCpuDuration().stream())
                .mapToLong(Duration::toNanos)
                .sum();
        return nanos / 1e9;
    }

    static double seconds(long sinceNanos) {
        return (System.nanoTime() - sinceNanos) / 1e9;
    }

    private static final AtomicLong PEAK_BEFORE = new AtomicLong();
    private static final AtomicLong PEAK_AFTER = new AtomicLong();

    /// From now on every collection tells how full the heap was before and after it.
    static void watchHeap() {
        Set<String> heap = ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(pool -> pool.getType() == MemoryType.HEAP)
                .map(MemoryPoolMXBean::getName)
                .collect(Collectors.toSet());
        ManagementFactory.getGarbageCollectorMXBeans().forEach(collector -> ((NotificationEmitter) collector)
                .addNotificationListener(
                        (event, nothing) -> {
                            if (event.getType().equals(GarbageCollectionNotificationInfo.GARBAGE_COLLECTION_NOTIFICATION)) {
                                var info = GarbageCollectionNotificationInfo.from((CompositeData) event.getUserData())
                                        .getGcInfo();
                                PEAK_BEFORE.accumulateAndGet(used(info.getMemoryUsageBeforeGc(), heap), Math::max);
                                PEAK_AFTER.accumulateAndGet(used(info.getMemoryUsageAfterGc(), heap), Math::max);
                            }
                        },
                        null,
                        null));
    }

    private static long used(Map<String, MemoryUsage> usage, Set<String> heap) {
        return heap.stream()
                .filter(usage::containsKey)
                .mapToLong(pool -> usage.get(pool).getUsed())
                .sum();
    }

    static String heapPeak() {
        return "%d MB, after a collection at most %d MB (of %d MB)"
                .formatted(PEAK_BEFORE.get() >> 20, PEAK_AFTER.get() >> 20, Runtime.getRuntime().maxMemory() >> 20);
    }

    /// Peak resident memory of this process, as the kernel counts it; Linux only.
    static String residentPeak() {
        Path status = Path.of("/proc/self/status");
        try {
            return Files.isReadable(status)
                    ? Files.readAllLines(status).stream()
                            .filter(line -> line.startsWith("VmHWM:"))
                            .map(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024 + " MB")
                            .findFirst()
                            .orElse("unknown")
                    : "unknown";
        } catch (IOException e) {
            return "unknown (" + e.getMessage() + ")";
        }
    }

    void machine() {
        figure("processors", "%d", Runtime.getRuntime().availableProcessors());
        figure(
                "load average of the last minute",
                "%.1f",
                ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
        figure("Java, PostgreSQL, pgvector", "%s, %s, %s", Runtime.version(), text("SHOW server_version"),
                text("SELECT extversion FROM pg_extension WHERE extname = 'vector'"));
        figure("model", "%s", embedder.model().id());
        figure("fsync, synchronous_commit", "%s, %s", text("SHOW fsync"), text("SHOW synchronous_commit"));
    }

    int exitCode() {
        return failed ? 1 : 0;
    }

    @Override
    public void close() {
        context.close();
    }
}
