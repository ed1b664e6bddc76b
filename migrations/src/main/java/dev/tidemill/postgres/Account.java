package dev.tidemill.postgres;

import com.sun.security.auth.module.UnixSystem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.UserPrincipal;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The system user that the server runs as: the one who runs Tidemill, or, where that is root, which
/// PostgreSQL refuses, the owner of an existing cluster, else the user `postgres` that the
/// distribution's packages make.
///
/// @param name null for the user who runs this process
record Account(@Nullable String name) {

    /// The user who runs this process.
    static final Account RUNNING = new Account(null);

    private static final String PACKAGED = "postgres";

    static Account of(Path cluster) {
        if (!runningAsRoot()) {
            return RUNNING;
        }
        try {
            String owner = Files.exists(cluster) ? Files.getOwner(cluster).getName() : PACKAGED;
            Account account = new Account(owner.equals("root") ? PACKAGED : owner);
            account.principal(cluster);
            return account;
        } catch (UserPrincipalNotFoundException noSuchUser) {
            throw new DatabaseUnavailable(
                    "PostgreSQL refuses to run as root, and this machine has no user '" + noSuchUser.getName()
                            + "' for it. Install the distribution's PostgreSQL package, which makes that user"
                            + " ('./tidemill setup'), or run Tidemill as a plain user, or set DATABASE_URL.",
                    noSuchUser);
        } catch (IOException unreadable) {
            throw new DatabaseUnavailable("Cannot tell whose folder " + cluster + " is: " + unreadable, unreadable);
        }
    }

    static boolean runningAsRoot() {
        return new UnixSystem().getUid() == 0;
    }

    Command.Result run(List<String> words) {
        return Command.run(command(words));
    }

    /// The words that run a program as this user.
    List<String> command(List<String> words) {
        List<String> command = new ArrayList<>();
        if (name != null) {
            if (Command.onPath("setpriv")) {
                command.addAll(List.of(
                        "setpriv", "--reuid=" + name, "--regid=" + group(), "--init-groups", "--reset-env", "--"));
            } else if (Command.onPath("runuser")) {
                command.addAll(List.of("runuser", "-u", name, "--"));
            } else {
                throw new DatabaseUnavailable("PostgreSQL refuses to run as root, and neither setpriv nor runuser"
                        + " (package util-linux) is there to change the user. Install util-linux, or run Tidemill as a plain"
                        + " user, or set DATABASE_URL.");
            }
        }
        command.addAll(words);
        return command;
    }

    /// Gives a file or folder to this user, where it is not the one running.
    void own(Path path) throws IOException {
        if (name == null) {
            return;
        }
        PosixFileAttributeView view =
                Files.getFileAttributeView(path, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
        view.setOwner(principal(path));
        view.setGroup(groupPrincipal(path));
    }

    /// Refuses a folder that this user cannot enter, naming the parent that shuts it out.
    void requireReach(Path folder) {
        if (name == null || run(List.of("test", "-x", folder.toString())).succeeded()) {
            return;
        }
        Path barrier = folder;
        while (barrier.getParent() != null
                && !run(List.of("test", "-x", barrier.getParent().toString())).succeeded()) {
            barrier = barrier.getParent();
        }
        throw new DatabaseUnavailable(
                "The user '" + name + "', as whom PostgreSQL runs when Tidemill is started by root,"
                        + " cannot enter " + barrier
                        + ". Choose a data folder that it can reach with TIDEMILL_HOME, for example"
                        + " /var/lib/tidemill, or set DATABASE_URL.");
    }

    private UserPrincipal principal(Path path) throws IOException {
        return path.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(String.valueOf(name));
    }

    private String group() {
        return Command.run(List.of("id", "-g", String.valueOf(name))).output().strip();
    }

    private GroupPrincipal groupPrincipal(Path path) throws IOException {
        var lookup = path.getFileSystem().getUserPrincipalLookupService();
        String groupName =
                Command.run(List.of("id", "-gn", String.valueOf(name))).output().strip();
        try {
            return lookup.lookupPrincipalByGroupName(groupName);
        } catch (UserPrincipalNotFoundException unnamed) {
            return Files.readAttributes(path, PosixFileAttributes.class).group();
        }
    }
}
