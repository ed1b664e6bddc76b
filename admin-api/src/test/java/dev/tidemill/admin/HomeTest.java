package dev.tidemill.admin;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HomeTest {

    @Test
    void theEnvironmentNamesTheFolder() {
        assertThat(Home.of(Map.of("TIDEMILL_HOME", "/srv/mill"), "root", "/root")
                        .folder())
                .isEqualTo(Path.of("/srv/mill"));
    }

    @Test
    void rootGetsAFolderThatTheDatabaseUserCanEnter() {
        assertThat(Home.of(Map.of(), "root", "/root").folder()).isEqualTo(Path.of("/var/lib/tidemill"));
    }

    @Test
    void aUserGetsTheDataFolderOfTheUser() {
        assertThat(Home.of(Map.of(), "ada", "/home/ada").folder())
                .isEqualTo(Path.of("/home/ada/.local/share/tidemill"));
        assertThat(Home.of(Map.of("XDG_DATA_HOME", "/data"), "ada", "/home/ada").folder())
                .isEqualTo(Path.of("/data/tidemill"));
    }
}
