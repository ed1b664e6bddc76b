package dev.tidemill.ingest;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.document.ContentHash;
import dev.tidemill.embed.Embedders;
import dev.tidemill.embed.EmbeddingModel;
import dev.tidemill.embed.OnnxEmbedder;
import dev.tidemill.run.RunConfiguration;
import dev.tidemill.run.RunView;
import dev.tidemill.run.Runs;
import dev.tidemill.store.FirstStart;
import dev.tidemill.store.Projects;
import dev.tidemill.store.Workspaces;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
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
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy;
import org.springframework.transaction.PlatformTransactionManager;

/// The ingest job as a server runs it, without the server: the batch role's connection pool, the job repository,
/// the model.
final class IngestHarness implements AutoCloseable {

    private final ConfigurableApplicationContext context;
    private final JdbcClient owner;
    final UUID workspaceId;

    /// @param url of a migrated database
    IngestHarness(String url, String username, String password, Path spool, Map<String, String> settings) {
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
    @Import({RunConfiguration.class, IngestConfiguration.class})
    static class Configuration {

        @Bean(defaultCandidate = false)
        HikariDataSource pool(Environment environment) {
            HikariConfig pool = new HikariConfig();
            pool.setJdbcUrl(environment.getRequiredProperty("test.url"));
            pool.setUsername(environment.getRequiredProperty("test.username"));
            pool.setPassword(environment.getRequiredProperty("test.password"));
            pool.setConnectionInitSql("SET ROLE tidemill_batch");
            pool.setMaximumPoolSize(6);
            return new HikariDataSource(pool);
        }

        @Bean
        @Primary
        DataSource dataSource(@Qualifier("pool") HikariDataSource pool) {
            return new LazyConnectionDataSourceProxy(pool);
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
        OnnxEmbedder embedder() {
            return Embedder.SHARED;
        }

        @Bean
        Embedders embedders(OnnxEmbedder embedder) {
            return new Embedders(embedder, Map.of());
        }
    }

    /// Loaded once for all tests of the JVM.
    private static final class Embedder {
        static final OnnxEmbedder SHARED = OnnxEmbedder.load(EmbeddingModel.BGE_SMALL_EN_V1_5_INT8);
    }

    Runs runs() {
        return context.getBean(Runs.class);
    }

    <T> T bean(Class<T> type) {
        return context.getBean(type);
    }

    long start(String sourceType, Path location) {
        return start(sourceType, location.toString(), false);
    }

    long start(String sourceType, String location, boolean allowMassDelete) {
        return context.getBean(Ingest.class)
                .start(new IngestRequest(workspaceId, "default", sourceType, location, allowMassDelete));
    }

    /// Ingests a folder to the end.
    RunView ingest(Path folder) {
        return await(start("directory", folder));
    }

    RunView await(long run) {
        return runs().finished(run).join();
    }

    /// Reads as the owner, past row-level security.
    List<Map<String, @Nullable Object>> rows(String sql) {
        return owner.sql(sql).query().listOfRows();
    }

    long number(String sql) {
        return owner.sql(sql).query(Long.class).single();
    }

    void execute(String sql) {
        owner.sql(sql).update();
    }

    /// What the corpus holds, without ids and times: equal digests mean equal corpora.
    String digest() {
        StringBuilder all = new StringBuilder();
        for (String sql : List.of(
                """
                SELECT s.type, d.key, d.version, d.published_version, d.deleted_at IS NOT NULL AS deleted
                FROM documents d JOIN sources s ON s.id = d.source_id ORDER BY 1, 2
                """,
                """
                SELECT d.key, v.version, v.state, v.refusal_reason, encode(v.sha256, 'hex') AS hash, v.title, v.media_type,
                       v.profile, v.text_length, v.chunk_count
                FROM document_versions v JOIN documents d ON d.id = v.document_id ORDER BY 1, 2
                """,
                """
                SELECT d.key, v.version, t.start_offset, md5(t.text) AS text
                FROM document_texts t JOIN document_versions v ON v.id = t.version_id
                JOIN documents d ON d.id = v.document_id ORDER BY 1, 2, 3
                """,
                """
                SELECT d.key, v.version, c.ordinal, c.content_id, c.start_offset, c.end_offset, md5(c.header || c.text) AS text,
                       c.valid_from IS NOT NULL AS shown, c.valid_to IS NOT NULL AS hidden
                FROM chunks c JOIN document_versions v ON v.id = c.version_id
                JOIN documents d ON d.id = v.document_id ORDER BY 1, 2, 3
                """,
                "SELECT lexeme, chunks FROM lexemes WHERE chunks <> 0 ORDER BY lexeme COLLATE \"C\"",
                "SELECT content_id, md5(embedding) AS embedding FROM embedding_cache ORDER BY 1",
                "SELECT encode(sha256, 'hex') AS hash, size FROM blobs ORDER BY 1",
                "SELECT reason, step, resolved_at IS NULL AS open FROM dead_letters ORDER BY step, item_key")) {
            rows(sql).forEach(row -> all.append(row).append('\n'));
        }
        for (Map<String, @Nullable Object> set : rows("SELECT id FROM vector_sets ORDER BY id")) {
            rows("SELECT content_id, md5(embedding::text) AS vector FROM vectors_" + set.get("id") + " ORDER BY 1")
                    .forEach(row -> all.append(row).append('\n'));
        }
        return ContentHash.of(all.toString()).hex();
    }

    @Override
    public void close() {
        context.close();
    }
}
