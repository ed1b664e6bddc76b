package dev.tidemill.admin.query;

import dev.tidemill.answer.AnswerProperties;
import dev.tidemill.answer.Answerer;
import dev.tidemill.embed.Embedders;
import dev.tidemill.embed.OnnxEmbedder;
import dev.tidemill.run.RunHistory;
import dev.tidemill.search.QueryTraffic;
import dev.tidemill.search.QueryVectors;
import dev.tidemill.search.Searcher;
import dev.tidemill.store.AskedQuestions;
import dev.tidemill.store.ChunkSearch;
import dev.tidemill.store.Projects;
import dev.tidemill.store.Texts;
import dev.tidemill.store.Workspaces;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
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
    QueryVectors queryVectors(Embedders embedders, MeterRegistry meters) {
        return new QueryVectors((model, fingerprint, question) -> {
            try {
                float[] vector = embedders.of(model, fingerprint).embedQuery(question);
                meters.counter("tidemill.embed.requests", "model", model, "outcome", "ok")
                        .increment();
                return vector;
            } catch (RuntimeException e) {
                meters.counter("tidemill.embed.requests", "model", model, "outcome", "failed")
                        .increment();
                throw e;
            }
        });
    }

    @Bean
    QueryTraffic queryTraffic() {
        return new QueryTraffic();
    }

    @Bean
    AskedLog askedLog(
            @Qualifier("app") Workspaces workspaces,
            @Qualifier("app") JdbcClient jdbc,
            @Value("${tidemill.questions.keep:500}") int keep) {
        return new AskedLog(new AskedQuestions(workspaces, jdbc), keep);
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
                searcher,
                workspaces,
                chunks,
                new Texts(workspaces, jdbc),
                question -> vectors.of(embedder.id(), embedder.fingerprint(), question),
                embedder::embed,
                properties,
                embedder.id()::equals);
    }

    @Bean
    QueryController queryController(
            Searcher searcher,
            Answerer answerer,
            @Qualifier("app") Workspaces workspaces,
            @Qualifier("app") JdbcClient jdbc,
            ChunkSearch chunks,
            QueryTraffic traffic,
            RunHistory runs,
            AskedLog asked,
            MeterRegistry meters) {
        return new QueryController(
                searcher,
                answerer,
                workspaces,
                new Projects(workspaces, jdbc),
                chunks,
                traffic,
                new Moments(runs),
                asked,
                meters);
    }
}
