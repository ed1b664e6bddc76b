package dev.tidemill.admin.documents;

import dev.tidemill.admin.Home;
import dev.tidemill.ingest.Ingest;
import dev.tidemill.run.Runs;
import dev.tidemill.store.Projects;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/// Uploads.
@Configuration(proxyBeanMethods = false)
public class DocumentsConfiguration {

    @Bean
    DocumentsController documentsController(Home home, Projects projects, Ingest ingest, Runs runs) {
        return new DocumentsController(new Uploads(home.uploads()), projects, ingest, runs);
    }
}
