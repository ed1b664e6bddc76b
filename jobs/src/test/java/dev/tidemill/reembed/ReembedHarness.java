package dev.tidemill.reembed;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.document.ContentHash;
import dev.tidemill.embed.Embedder;
import dev.tidemill.embed.Embedders;
import dev.tidemill.embed.EmbeddingModel;
import dev.tidemill.embed.OnnxEmbedder;
import dev.tidemill.evaluate.EvaluateConfiguration;
import dev.tidemill.ingest.Ingest;
import dev.tidemill.ingest.IngestConfiguration;
import dev.tidemill.ingest.IngestRequest;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.RunConfiguration;
import dev.tidemill.run.RunView;
import dev.tidemill.run.Runs;
import dev.tidemill.run.alerts.AlertConfiguration;
import dev.tidemill.search.QueryVectors;
import dev.tidemill.search.Searcher;
import dev.tidemill.store.ChunkSearch;
import dev.tidemill.store.FirstStart;
import dev.tidemill.store.GoldenSets;
import dev.tidemill.store.GoldenSets.Judged;
import dev.tidemill.store.IndexBuilder;
import dev.tidemill.store.Project;
import dev.tidemill.store.Projects;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.VectorSets;
import dev.tidemill.store.Workspaces;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.core.env.Environment;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy;
import org.springframework.transaction.PlatformTransactionManager;

/// The jobs as a server runs them, without the server: the batch role's connection pool, the job repository, a real
/// model and some fakes.
public final class ReembedHarness implements AutoCloseable {

    private final ConfigurableApplicationContext context;
    private final JdbcClient owner;
    final UUID workspaceId;

    /// @param url of a migrated database
    public ReembedHarness(String url, String username, String password, Path spool, Map<String, String> settings) {
        DataSource ownerSource = new DriverManagerDataSource(url, username, password);
        owner = JdbcClient.create(ownerSource);
        workspaceId = FirstStart.ensure(ownerSource);
        Map<String, Object> properties = new HashMap<>(settings);
        properties.put("test.url", url);
        properties.put("test.username", username);
        properties.put("test.password", password);
        properties.put("tidemill.spool", spool.toString());
        properties.put("spring.batch.job.enabled", "false");
        properties.put("spring.batch.jdbc.initialize-schema", "never");
        properties.put("spring.batch.jdbc.isolation-level-for-create", "read-committed");
        properties.put("spring.batch.jdbc.validate-transaction-state", "false");
        properties.put("spring.main.banner-mode", "off");
        properties.put("spring.liquibase.enabled", "false");
        properties.put("logging.level.root", "WARN");
        context = new SpringApplicationBuilder(Configuration.class)
                .web(WebApplicationType.NONE)
                .properties(properties)
                .run();
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import({
        RunConfiguration.class,
        AlertConfiguration.class,
        IngestConfiguration.class,
        ReembedConfiguration.class,
        EvaluateConfiguration.class
    })
    static class Configuration {

        @Bean(defaultCandidate = false)
        HikariDataSource pool(Environment environment) {
            HikariConfig pool = new HikariConfig();
            pool.setJdbcUrl(environment.getRequiredProperty("test.url"));
            pool.setUsername(environment.getRequiredProperty("test.username"));
            pool.setPassword(environment.getRequiredProperty("test.password"));
            pool.setConnectionInitSql("SET ROLE tidemill_batch");
            pool.setMaximumPoolSize(10);
            return new HikariDataSource(pool);
        }

        @Bean
        @Primary
        DataSource dataSource(@Qualifier("pool") HikariDataSource pool) {
            return new LazyConnectionDataSourceProxy(pool);
        }

        @Bean
        IndexBuilder indexBuilder(Environment environment) {
            return new IndexBuilder(new DriverManagerDataSource(
                    environment.getRequiredProperty("test.url"),
                    environment.getRequiredProperty("test.username"),
                    environment.getRequiredProperty("test.password")));
        }

        @Bean
        Workspaces workspaces(PlatformTransactionManager transactionManager, JdbcClient jdbc) {
            return new Workspaces(transactionManager, jdbc);
        }

        @Bean
        Projects projects(Workspaces workspaces, JdbcClient jdbc) {
            return new Projects(workspaces, jdbc);
        }

        @Bean(destroyMethod = "")
        OnnxEmbedder embedder(Environment environment) {
            return Models.of(EmbeddingModel.byId(environment.getProperty("test.model", "all-minilm-l6-v2-int8")));
        }

        @Bean(destroyMethod = "")
        Embedders embedders(OnnxEmbedder first, Environment environment) {
            String ledger = environment.getProperty("test.ledger");
            Path file = ledger == null ? null : Path.of(ledger);
            Map<String, Supplier<Embedder>> fakes = new HashMap<>();
            fakes.put("words", fake("words", 1_024, FakeEmbedder.Manner.GOOD, file));
            fakes.put("many-words", fake("many-words", 4_500, FakeEmbedder.Manner.GOOD, file));
            fakes.put("noise", fake("noise", 64, FakeEmbedder.Manner.NOISE, file));
            fakes.put("picky", fake("picky", 1_024, FakeEmbedder.Manner.PICKY, file));
            fakes.put("slow", fake("slow", 1_024, FakeEmbedder.Manner.SLOW, file));
            return new Embedders(first, fakes);
        }

        private static Supplier<Embedder> fake(
                String id, int dimensions, FakeEmbedder.Manner manner, @Nullable Path ledger) {
            return () -> new FakeEmbedder(id, dimensions, manner, ledger);
        }
    }

    /// Loaded once for all tests of the JVM.
    private static final class Models {
        private static final Map<EmbeddingModel, OnnxEmbedder> LOADED = new HashMap<>();

        static synchronized OnnxEmbedder of(EmbeddingModel model) {
            return LOADED.computeIfAbsent(model, OnnxEmbedder::load);
        }
    }

    /// Settings under which a corpus of few words has many commits. The first model takes 256 tokens.
    public static Map<String, String> small() {
        return Map.ofEntries(
                Map.entry("ingest.chunk.target-tokens", "32"),
                Map.entry("ingest.chunk.max-tokens", "200"),
                Map.entry("ingest.embed.commit-chunks", "8"),
                Map.entry("reembed.embed.commit-chunks", "8"),
                Map.entry("reembed.evaluate.commit-questions", "5"),
                Map.entry("evaluate.commit-questions", "5"));
    }

    public Runs runs() {
        return context.getBean(Runs.class);
    }

    <T> T bean(Class<T> type) {
        return context.getBean(type);
    }

    Project project() {
        return bean(Projects.class).find(workspaceId, "default").orElseThrow();
    }

    VectorSets sets() {
        return new VectorSets(bean(Workspaces.class), bean(JdbcTemplate.class));
    }

    VectorSet live() {
        return sets().live(workspaceId, project().id()).orElseThrow();
    }

    /// A searcher as the server has it.
    Searcher searcher() {
        Embedders embedders = bean(Embedders.class);
        return new Searcher(
                bean(Workspaces.class),
                bean(Projects.class),
                new ChunkSearch(bean(JdbcClient.class)),
                new QueryVectors((model, fingerprint, question) ->
                        embedders.of(model, fingerprint).embedQuery(question)));
    }

    public RunView ingest(Path location) {
        return await(startIngest("directory", location));
    }

    public long startIngest(String type, Path location) {
        return bean(Ingest.class).start(new IngestRequest(workspaceId, "default", type, location.toString(), false));
    }

    public void golden(String name, List<Judged> questions) {
        GoldenSets golden = new GoldenSets(bean(Workspaces.class), bean(JdbcClient.class));
        golden.add(workspaceId, golden.make(project(), name, true), questions);
    }

    public long start(String job, Map<String, String> parameters) {
        return runs().launch(LaunchRequest.of(workspaceId, job, parameters, "test"))
                .runId();
    }

    public RunView run(String job, Map<String, String> parameters) {
        return await(start(job, parameters));
    }

    RunView reembed(String model) {
        return run(Reembed.JOB, Map.of("model", model));
    }

    public RunView await(long run) {
        return runs().finished(run).join();
    }

    /// Reads as the owner, past row-level security.
    public List<Map<String, @Nullable Object>> rows(String sql) {
        return owner.sql(sql).query().listOfRows();
    }

    public long number(String sql) {
        return owner.sql(sql).query(Long.class).single();
    }

    public void execute(String sql) {
        owner.sql(sql).update();
    }

    /// What a set holds: equal digests mean equal vectors of equal texts.
    String digest(VectorSet set) {
        StringBuilder all = new StringBuilder(set.model());
        rows("SELECT content_id, md5(embedding::text) AS vector FROM " + set.table() + " ORDER BY 1")
                .forEach(row -> all.append(row).append('\n'));
        return ContentHash.of(all.toString()).hex();
    }

    @Override
    public void close() {
        context.close();
    }
}
