package dev.tidemill.admin.query;

import dev.tidemill.answer.AnswerProperties;
import dev.tidemill.answer.Answerer;
import dev.tidemill.embed.OnnxEmbedder;
import dev.tidemill.search.QueryVectors;
import dev.tidemill.search.Searcher;
import dev.tidemill.store.ChunkSearch;
import dev.tidemill.store.Projects;
import dev.tidemill.store.Texts;
import dev.tidemill.store.Workspaces;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Search and answers on the connections of the app role.
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(AnswerProperties.class)
public class QueryConfiguration {

    @Bean
    ChunkSearch chunkSearch(@Qualifier("app") JdbcClient jdbc) {
        return new ChunkSearch(jdbc);
    }

    @Bean
    QueryVectors queryVectors(OnnxEmbedder embedder, MeterRegistry meters) {
        String model = embedder.model().id();
        Counter made = meters.counter("tidemill.embed.requests", "model", model, "outcome", "ok");
        Counter failed = meters.counter("tidemill.embed.requests", "model", model, "outcome", "failed");
        return new QueryVectors(embedder.fingerprint(), question -> {
            try {
                float[] vector = embedder.embedQuery(question);
                made.increment();
                return vector;
            } catch (RuntimeException e) {
                failed.increment();
                throw e;
            }
        });
    }

    @Bean
    Searcher searcher(
            @Qualifier("app") Workspaces workspaces,
            @Qualifier("app") JdbcClient jdbc,
            ChunkSearch chunks,
            QueryVectors vectors) {
        return new Searcher(workspaces, new Projects(workspaces, jdbc), chunks, vectors);
    }

    @Bean
    Answerer answerer(
            Searcher searcher,
            @Qualifier("app") Workspaces workspaces,
            @Qualifier("app") JdbcClient jdbc,
            ChunkSearch chunks,
            QueryVectors vectors,
            OnnxEmbedder embedder,
            AnswerProperties properties) {
        return new Answerer(
                searcher, workspaces, chunks, new Texts(workspaces, jdbc), vectors::of, embedder::embed, properties);
    }

    @Bean
    QueryController queryController(
            Searcher searcher,
            Answerer answerer,
            @Qualifier("app") Workspaces workspaces,
            @Qualifier("app") JdbcClient jdbc,
            ChunkSearch chunks,
            MeterRegistry meters) {
        return new QueryController(searcher, answerer, workspaces, new Projects(workspaces, jdbc), chunks, meters);
    }
}
