import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.postgres.PrivateCluster;
import dev.tidemill.run.JobDefinition;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.RunConfiguration;
import dev.tidemill.run.RunView;
import dev.tidemill.run.Runs;
import dev.tidemill.run.Steps;
import dev.tidemill.schema.Schema;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;
import org.springframework.batch.core.BatchStatus;
import org.springframework.batch.core.job.Job;
import org.springframework.batch.core.job.JobExecution;
import org.springframework.batch.core.job.JobInstance;
import org.springframework.batch.core.job.builder.JobBuilder;
import org.springframework.batch.core.job.parameters.JobParameters;
import org.springframework.batch.core.job.parameters.JobParametersBuilder;
import org.springframework.batch.core.repository.JobRepository;
import org.springframework.batch.core.repository.dao.JacksonExecutionContextStringSerializer;
import org.springframework.batch.core.repository.support.JdbcJobRepositoryFactoryBean;
import org.springframework.batch.core.step.builder.ChunkOrientedStepBuilder;
import org.springframework.batch.core.step.builder.StepBuilder;
import org.springframework.batch.infrastructure.item.Chunk;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.batch.infrastructure.item.ItemStreamReader;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Import;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;

/// Copies a table in chunks, in turn on the platform and on Spring Batch alone, in one process and one database.
final class PlatformBench {

    private static final UUID WORKSPACE = new UUID(0, 1);
    private static final double GOAL = 1.05;

    private record Row(int id, String text) {}

    /// Reads pages by key; a page is one chunk.
    private static final class Pages implements ItemStreamReader<Row> {
        private final JdbcTemplate jdbc;
        private final int size;
        private int last;
        private Iterator<Row> page = List.<Row>of().iterator();

        Pages(JdbcTemplate jdbc, int size) {
            this.jdbc = jdbc;
            this.size = size;
        }

        @Override
        public void open(ExecutionContext context) {
            last = context.getInt("last", 0);
            page = List.<Row>of().iterator();
        }

        @Override
        public Row read() {
            if (!page.hasNext()) {
                page = jdbc.query(
                                "SELECT id, text FROM original WHERE id > ? ORDER BY id LIMIT ?",
                                (row, number) -> new Row(row.getInt(1), row.getString(2)),
                                last,
                                size)
                        .iterator();
            }
            if (!page.hasNext()) {
                return null;
            }
            Row row = page.next();
            last = row.id();
            return row;
        }

        @Override
        public void update(ExecutionContext context) {
            context.putInt("last", last);
        }
    }

    private static void write(JdbcTemplate jdbc, Chunk<? extends Row> chunk) {
        jdbc.batchUpdate(
                "INSERT INTO copy (id, text) VALUES (?, ?)",
                chunk.getItems().stream().map(row -> new Object[] {row.id(), row.text()}).toList());
    }

    private static Job copying(ChunkOrientedStepBuilder<Row, Row> step, JobBuilder job, JdbcTemplate jdbc, int commit) {
        return job.start(step.reader(new Pages(jdbc, commit)).writer(chunk -> write(jdbc, chunk)).build()).build();
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration(
            excludeName = {
                "org.springframework.boot.actuate.autoconfigure.health.HealthEndpointAutoConfiguration",
                "org.springframework.boot.health.autoconfigure.actuate.endpoint.HealthEndpointAutoConfiguration"
            })
    @Import(RunConfiguration.class)
    static class Configuration {}

    private final PGSimpleDataSource owner = new PGSimpleDataSource();
    private final JdbcClient jdbc;

    private PlatformBench(PrivateCluster cluster) {
        cluster.createDatabase("bench");
        owner.setUrl(cluster.jdbcUrl("bench"));
        owner.setUser(cluster.username());
        owner.setPassword(cluster.password());
        Schema.applyPlatform(owner);
        jdbc = JdbcClient.create(owner);
    }

    private HikariDataSource pool() {
        HikariDataSource pool = new HikariDataSource();
        pool.setJdbcUrl(owner.getUrl());
        pool.setUsername(owner.getUser());
        pool.setPassword(owner.getPassword());
        pool.setConnectionInitSql("SET ROLE tidemill_batch");
        pool.setMaximumPoolSize(6);
        return pool;
    }

    public static void main(String[] arguments) throws Exception {
        int rows = 400_000;
        int rounds = 5;
        for (int i = 0; i < arguments.length; i++) {
            switch (arguments[i]) {
                case "--rows" -> rows = Integer.parseInt(arguments[++i]);
                case "--rounds" -> rounds = Integer.parseInt(arguments[++i]);
                default -> {
                    System.out.println("bench/platform [--rows N] [--rounds N]   rows to copy (400000), rounds (5, at least 5)");
                    System.exit(arguments[i].equals("--help") ? 0 : 2);
                }
            }
        }
        if (rounds < 5) {
            System.err.println("--rounds " + rounds + ": at least 5");
            System.exit(2);
        }
        boolean good;
        try (PrivateCluster cluster = PrivateCluster.start(Path.of(System.getProperty("bench.work"), "postgres"))) {
            good = new PlatformBench(cluster).run(rows, rounds);
        }
        System.exit(good ? 0 : 7);
    }

    private boolean run(int rows, int rounds) throws Exception {
        jdbc.sql("CREATE TABLE original (id integer PRIMARY KEY, text text NOT NULL)").update();
        jdbc.sql("CREATE TABLE copy (id integer PRIMARY KEY, text text NOT NULL)").update();
        jdbc.sql("GRANT SELECT, INSERT ON original, copy TO tidemill_batch").update();
        jdbc.sql("INSERT INTO original SELECT n, repeat(md5(n::text), 4) FROM generate_series(1, :rows) n").param("rows", rows).update();
        boolean good = true;
        try (HikariDataSource platformPool = pool();
                HikariDataSource plainPool = pool();
                ConfigurableApplicationContext platform = platform(platformPool)) {
            JobRepository plainRepository = plainRepository(plainPool);
            for (int commit : new int[] {1_000, 100}) {
                Job plain = plain(plainPool, plainRepository, commit);
                // Round 0 warms up.
                List<Double> ours = new ArrayList<>();
                List<Double> theirs = new ArrayList<>();
                for (int round = 0; round <= rounds; round++) {
                    // Each goes first as often as the other.
                    boolean first = round % 2 == 0;
                    double a = first ? platformRun(platform, commit) : plainRun(plainRepository, plain);
                    double b = first ? plainRun(plainRepository, plain) : platformRun(platform, commit);
                    if (round > 0) {
                        ours.add(first ? a : b);
                        theirs.add(first ? b : a);
                    }
                }
                double ratio = median(ours) / median(theirs);
                good &= ratio <= GOAL;
                System.out.printf(
                        Locale.ROOT,
                        "commit %,5d: platform %.3f s, plain %.3f s, ratio %.3f (goal <= %.2f: %s); rounds %s / %s%n",
                        commit,
                        median(ours),
                        median(theirs),
                        ratio,
                        GOAL,
                        ratio <= GOAL ? "met" : "missed",
                        seconds(ours),
                        seconds(theirs));
            }
        }
        return good;
    }

    private static ConfigurableApplicationContext platform(DataSource pool) {
        return new SpringApplicationBuilder(Configuration.class)
                .web(WebApplicationType.NONE)
                .properties(Map.of(
                        "spring.config.location", "optional:classpath:/none/",
                        "spring.batch.job.enabled", "false",
                        "spring.batch.jdbc.initialize-schema", "never",
                        "spring.batch.jdbc.isolation-level-for-create", "read-committed",
                        "spring.batch.jdbc.validate-transaction-state", "false",
                        "spring.liquibase.enabled", "false",
                        "spring.main.banner-mode", "off",
                        "logging.level.root", "WARN"))
                .initializers((GenericApplicationContext beans) -> {
                    beans.registerBean("dataSource", DataSource.class, () -> pool);
                    for (int commit : new int[] {1_000, 100}) {
                        String name = "copy-" + commit;
                        beans.registerBean(name + "-definition", JobDefinition.class, () -> {
                            Steps steps = beans.getBean(Steps.class);
                            JdbcTemplate template = new JdbcTemplate(pool);
                            return JobDefinition.of(copying(steps.chunks("copy", commit), steps.job(name), template, commit), "copies")
                                    .build();
                        });
                    }
                })
                .run();
    }

    private static JobRepository plainRepository(DataSource pool) throws Exception {
        JdbcJobRepositoryFactoryBean factory = new JdbcJobRepositoryFactoryBean();
        factory.setDataSource(pool);
        factory.setTransactionManager(new JdbcTransactionManager(pool));
        factory.setIsolationLevelForCreate("ISOLATION_READ_COMMITTED");
        factory.setSerializer(new JacksonExecutionContextStringSerializer());
        factory.afterPropertiesSet();
        return factory.getObject();
    }

    private static Job plain(DataSource pool, JobRepository repository, int commit) {
        return copying(
                new StepBuilder("copy", repository).<Row, Row>chunk(commit).transactionManager(new JdbcTransactionManager(pool)),
                new JobBuilder("plain-" + commit, repository),
                new JdbcTemplate(pool),
                commit);
    }

    private double platformRun(ConfigurableApplicationContext platform, int commit) throws Exception {
        clear();
        long start = System.nanoTime();
        Runs runs = platform.getBean(Runs.class);
        long run = runs.launch(LaunchRequest.of(WORKSPACE, "copy-" + commit, Map.of(), "bench")).runId();
        RunView view = runs.finished(run).get(10, TimeUnit.MINUTES);
        double seconds = (System.nanoTime() - start) / 1e9;
        check(view.status());
        return seconds;
    }

    private double plainRun(JobRepository repository, Job job) throws Exception {
        clear();
        long start = System.nanoTime();
        JobParameters parameters = new JobParametersBuilder().addLong("nanos", System.nanoTime()).toJobParameters();
        JobInstance instance = repository.createJobInstance(job.getName(), parameters);
        JobExecution execution = repository.createJobExecution(instance, parameters, new ExecutionContext());
        job.execute(execution);
        double seconds = (System.nanoTime() - start) / 1e9;
        check(execution.getStatus() == BatchStatus.COMPLETED ? "COMPLETED" : execution.toString());
        return seconds;
    }

    private void clear() {
        jdbc.sql("TRUNCATE copy").update();
        jdbc.sql("CHECKPOINT").update();
    }

    /// Both have to leave the same: every row, unchanged.
    private void check(String status) {
        boolean same = jdbc.sql("""
                        SELECT (SELECT (count(*), sum(hashtextextended(id || text, 0))) FROM original)
                             = (SELECT (count(*), sum(hashtextextended(id || text, 0))) FROM copy)
                        """)
                .query(Boolean.class)
                .single();
        if (!status.equals("COMPLETED") || !same) {
            throw new IllegalStateException("the copy is not the original: " + status);
        }
    }

    private static double median(List<Double> values) {
        double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    private static String seconds(List<Double> values) {
        return Arrays.toString(values.stream().map(value -> String.format(Locale.ROOT, "%.2f", value)).toArray());
    }
}
