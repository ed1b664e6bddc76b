package dev.tidemill.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.embed.Embedders;
import dev.tidemill.embed.OnnxEmbedder;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.core.env.MapPropertySource;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.PlatformTransactionManager;

/// Which model does what; no database is asked.
class EmbeddingConfigurationTest {

    private static AnnotationConfigApplicationContext with(Map<String, String> settings) {
        DriverManagerDataSource nowhere = new DriverManagerDataSource("jdbc:postgresql://127.0.0.1:1/none");
        Map<String, Object> all = new HashMap<>(settings);
        all.put("tidemill.embedding.endpoints.large.url", "http://127.0.0.1:1/v1");
        all.put("tidemill.embedding.endpoints.large.model", "some-model");
        all.put("tidemill.embedding.endpoints.large.dimensions", "1024");
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
        context.getEnvironment().getPropertySources().addFirst(new MapPropertySource("test", all));
        context.register(EmbeddingConfiguration.class);
        context.registerBean(JdbcClient.class, () -> JdbcClient.create(nowhere));
        context.registerBean(PlatformTransactionManager.class, () -> new JdbcTransactionManager(nowhere));
        context.refresh();
        return context;
    }

    @ParameterizedTest
    @CsvSource({
        // configured, local, that of new projects, that in the process
        "'', '', bge-small-en-v1.5-int8, bge-small-en-v1.5-int8",
        "all-minilm-l6-v2-int8, '', all-minilm-l6-v2-int8, all-minilm-l6-v2-int8",
        "large, '', large, bge-small-en-v1.5-int8",
        "large, all-minilm-l6-v2-int8, large, all-minilm-l6-v2-int8",
        "bge-small-en-v1.5-int8, all-minilm-l6-v2-int8, bge-small-en-v1.5-int8, all-minilm-l6-v2-int8"
    })
    void newProjectsBeginWithTheConfiguredModelAndAShippedOneWorksInTheProcess(
            String configured, String local, String ofNewProjects, String inProcess) {
        Map<String, String> settings = new HashMap<>();
        if (!configured.isEmpty()) {
            settings.put("tidemill.embedding.model", configured);
        }
        if (!local.isEmpty()) {
            settings.put("tidemill.embedding.local", local);
        }
        try (AnnotationConfigApplicationContext context = with(settings)) {
            assertThat(context.getBean(Embedders.class).ofNewProjects().id()).isEqualTo(ofNewProjects);
            assertThat(context.getBean(OnnxEmbedder.class).id()).isEqualTo(inProcess);
        }
    }

    @Test
    void aModelThatIsNotThereIsRefusedWithThoseThatAre() {
        assertThatThrownBy(() -> with(Map.of("tidemill.embedding.model", "huge")))
                .rootCause()
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("unknown embedding model \"huge\"")
                .hasMessageContaining("large");
    }

    @Test
    void aServiceCannotWorkInTheProcess() {
        assertThatThrownBy(() -> with(Map.of("tidemill.embedding.local", "large")))
                .rootCause()
                .hasMessageContaining("unknown embedding model 'large'; known are all-minilm-l6-v2");
    }
}
