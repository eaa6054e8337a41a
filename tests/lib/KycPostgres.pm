# KycPostgres: a real PostgreSQL server of a test's own, on loopback, in memory.
#
#   my $why = postgres_missing();                  # why no server can be started here, or undef
#   plan skip_all => $why if $why;
#   my $pg = postgres_start();                     # {port, pid, folder}; ended with the test, however that ends
#   my $url = postgres_database($pg);              # a database of its own: postgresql://postgres@127.0.0.1:PORT/kyc_…
#   my @rows = postgres_query($url, 'SELECT 1, 2');              # (['1', '2'])
#   my $copy = postgres_database($pg, $url);       # another one with all that is in the first; nobody may be connected to it
#   postgres_copy($url, $copy);                    # the second becomes what the first is
#   postgres_drop($copy);                          # whoever is connected
#   postgres_signal($pg, 'STOP');                  # the server and each of its processes, at once
#   postgres_kill($pg); postgres_restart($pg);     # as by a power cut; it recovers, on the same port
#   my $standby = postgres_add_standby($pg, sync => 1); postgres_promote($standby);
#   postgres_stop($pg);
#
# Options of postgres_start: settings => {NAME => VALUE} (postgresql.conf), hba => lines (pg_hba.conf: trust), files =>
# {NAME => BYTES} (in its folder, readable by it alone), on_disk => 1: in the folder for temporary files.
#
# The server is a child of the test, in a session of its own, and ends by SIGQUIT when the test ends or dies: the kernel
# sends it. The folder is in /dev/shm, of which the next start removes what a killed test has left. Of root's tests the
# server runs as the user postgres, because it refuses root. A cluster is made once, in $KYC_BUILD, and copied.
package KycPostgres;

use strict;
use warnings;
use Exporter 'import';
use Fcntl qw(:flock);
use File::Path qw(remove_tree);
use File::Spec ();
use File::Temp ();
use POSIX ();
use Time::HiRes ();
use KycTest;

our @EXPORT = qw(postgres_missing postgres_start postgres_stop postgres_kill postgres_restart postgres_signal postgres_pids process_state
    postgres_url postgres_database postgres_copy postgres_drop postgres_query postgres_add_standby postgres_promote);

my %settings = (
    listen_addresses => '127.0.0.1', max_connections => 100, shared_buffers => '32MB', wal_level => 'replica',
    max_wal_senders => 4, fsync => 'on', logging_collector => 'off', log_line_prefix => '%m [%p] ', autovacuum => 'on',
    # Of its shared memory nothing is left outside of its folder.
    dynamic_shared_memory_type => 'mmap', checkpoint_timeout => '1h', max_wal_size => '128MB', min_wal_size => '32MB', wal_recycle => 'off', wal_init_zero => 'off',
);
my (%running, $number);
my $owner = $$;

# The folder of the server's programs; undef: not installed. Debian's psql and pg_config are scripts that take a multiple of
# the time of these programs.
my $bin;

sub bin
{
    return $bin if $bin;
    my @folders = sort { ($b =~ m{/(\d+)/})[0] <=> ($a =~ m{/(\d+)/})[0] } glob '/usr/lib/postgresql/*/bin';
    my ($configured) = map { chomp; $_ } grep { length } `pg_config --bindir 2>/dev/null`;
    ($bin) = grep { -x "$_/postgres" && -x "$_/initdb" } $configured || (), @folders;
    return $bin;
}

sub postgres_missing
{
    return 'PostgreSQL is not installed (scripts/install-deps installs it)' if !bin();
    return 'there is no setpriv' if (run_program('setpriv', '--version'))[0];
    return $> || defined getpwnam 'postgres' ? undef : 'PostgreSQL refuses root, and there is no user postgres';
}

# A command as the user that may run the server.
sub as_user { return ($> ? () : qw(setpriv --reuid postgres --regid postgres --clear-groups), @_); }

sub run_or_die
{
    my ($status, $out, $err) = run_program(@_);
    die "@_: $err$out" if $status;
    return $out;
}

# In memory where it has 1 GB, else on the disk.
sub memory
{
    my ($status, $out) = run_program(qw(df -Pk /dev/shm));
    my $free = $status || !-w '/dev/shm' ? 0 : (split ' ', (split /\n/, $out)[1])[3];
    return $free > 1_000_000 ? '/dev/shm' : File::Spec->tmpdir;
}

# What tests have left that were killed: their locks are free. A new folder may have no lock yet.
sub sweep
{
    my ($where) = @_;
    for my $folder (glob "$where/kyc-postgres-*") {
        my $lock;
        my $changed = (stat $folder)[9];
        next if !defined $changed || $changed > time - 120;
        # Another test may remove it at the same time, of which remove_tree would die.
        run_program(qw(rm -rf --), $folder) if !open($lock, '<', "$folder/lock") || flock($lock, LOCK_EX | LOCK_NB);
    }
}

# An empty folder there of the server's user, locked while the test lives.
sub new_folder
{
    my ($where) = @_;
    sweep($where);
    my $folder = File::Temp::tempdir('kyc-postgres-XXXXXX', DIR => $where);
    open my $lock, '>', "$folder/lock" or die "$folder/lock: $!";
    flock $lock, LOCK_EX or die "$folder/lock: $!";
    give($folder);
    return ($folder, $lock);
}

# The path shall be the server's.
sub give
{
    my ($path) = @_;
    return if $>;
    my (undef, undef, $uid, $gid) = getpwnam 'postgres';
    chown $uid, $gid, $path or die "$path: $!";
}

# A new cluster at the path: a copy of one that is made once for each version.
sub make_cluster
{
    my ($path) = @_;
    my $bin = bin();
    my ($version) = run_or_die("$bin/postgres", '--version') =~ /(\d[\d.]*)/;
    my $kept = (defined $ENV{KYC_BUILD} ? $ENV{KYC_BUILD} : 'build') . "/postgres-$version";
    open my $lock, '>', "$kept.lock" or die "$kept.lock: $!";
    flock $lock, LOCK_EX or die "$kept.lock: $!";
    if (!-d $kept) {
        run_or_die(as_user("$bin/initdb", qw(--no-sync -A trust -E UTF8 --locale=C -U postgres -D), $path));
        run_or_die('sh', '-c', 'rm -rf "$2.new" && cp -a "$1" "$2.new" && mv "$2.new" "$2"', 'sh', $path, $kept);
    } else {
        run_or_die('cp', '-a', $kept, $path);
    }
}

sub start
{
    my ($pg) = @_;
    my @command = (qw(setpriv --pdeathsig QUIT), $> ? () : qw(--reuid postgres --regid postgres --clear-groups));
    my $pid = fork;
    die "fork: $!" if !defined $pid;
    if ($pid == 0) {
        POSIX::setsid();
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$pg->{folder}/log";
        open STDERR, '>&', \*STDOUT;
        # An option of its own beats the file that a standby has copied.
        { exec @command, "$pg->{bin}/postgres", '-D', "$pg->{folder}/data", '-c', "port=$pg->{port}", '-c', "unix_socket_directories=$pg->{folder}"; }
        POSIX::_exit(127);
    }
    $pg->{pid} = $pid;
    $running{$pid} = $pg;
    # Its last line of postmaster.pid says `ready`, or `standby`: nothing need connect to find out.
    for (1 .. 3000) {
        my @line = split /\n/, eval { read_file("$pg->{folder}/data/postmaster.pid") } // ''; # that of a killed server is removed meanwhile
        if (@line >= 8 && $line[0] == $pid && $line[7] =~ /^(?:ready|standby)/) {
            $pg->{shared_memory} = (split ' ', $line[6])[1];
            return $pg;
        }
        last if waitpid($pid, POSIX::WNOHANG()) == $pid;
        Time::HiRes::sleep(0.01);
    }
    postgres_stop($pg);
    die "postgres did not start: " . read_file("$pg->{folder}/log");
}

sub postgres_start
{
    my (%option) = @_;
    my ($folder, $lock) = new_folder($option{on_disk} ? File::Spec->tmpdir : memory());
    my $pg = {folder => $folder, lock => $lock, bin => bin(), port => free_port()};
    make_cluster("$folder/data");
    my %all = (%settings, %{$option{settings} || {}});
    open my $file, '>>', "$folder/data/postgresql.conf" or die "$folder: $!";
    print {$file} map { "$_ = '$all{$_}'\n" } sort keys %all;
    close $file;
    write_file("$folder/data/pg_hba.conf", $option{hba}) if defined $option{hba};
    for my $name (sort keys %{$option{files} || {}}) {
        write_file("$folder/$name", $option{files}{$name});
        chmod 0600, "$folder/$name";
        give("$folder/$name");
    }
    return start($pg);
}

# A server that streams from another one. sync: each commit waits for it.
sub postgres_add_standby
{
    my ($primary, %option) = @_;
    my ($folder, $lock) = new_folder(memory());
    my $standby = {folder => $folder, lock => $lock, bin => bin(), port => free_port()};
    run_or_die(as_user("$standby->{bin}/pg_basebackup", qw(-h 127.0.0.1 -U postgres -R -X stream -c fast --no-sync -D), "$folder/data",
        '-p', $primary->{port}));
    start($standby);
    my $seen = '';
    for (1 .. 1000) {
        ($seen) = map { $_->[0] } postgres_query(postgres_url($primary), "SELECT state FROM pg_stat_replication WHERE state = 'streaming'");
        last if $seen;
        Time::HiRes::sleep(0.02);
    }
    die 'the standby does not stream: ' . read_file("$folder/log") if !$seen;
    if ($option{sync}) {
        postgres_query(postgres_url($primary), "ALTER SYSTEM SET synchronous_standby_names = '*'");
        postgres_query(postgres_url($primary), 'SELECT pg_reload_conf()');
        for (1 .. 1000) {
            return $standby if grep { $_->[0] eq 'sync' } postgres_query(postgres_url($primary), 'SELECT sync_state FROM pg_stat_replication');
            Time::HiRes::sleep(0.02);
        }
        die 'the standby does not become synchronous';
    }
    return $standby;
}

# Returns when the standby takes writes.
sub postgres_promote
{
    my ($standby) = @_;
    postgres_query(postgres_url($standby), "ALTER SYSTEM SET synchronous_standby_names = ''");
    postgres_query(postgres_url($standby), 'SELECT pg_promote()');
}

# One letter (proc(5)); '' when it has ended.
sub process_state
{
    open my $file, '<', "/proc/$_[0]/stat" or return '';
    my ($state) = (readline($file) // '') =~ /^\d+ \(.*\) (\S)/s;
    return !defined $state || $state eq 'Z' ? '' : $state;
}

# The server and its processes.
sub postgres_pids
{
    my ($pg) = @_;
    my @pids = $pg->{pid};
    for my $stat (glob '/proc/[0-9]*/stat') {
        open my $file, '<', $stat or next;
        my ($pid, $parent) = (readline($file) // '') =~ /^(\d+) \(.*\) \S (\d+)/s or next;
        push @pids, $pid if $parent == $pg->{pid};
    }
    return @pids;
}

sub postgres_signal
{
    my ($pg, $signal) = @_;
    kill $signal, postgres_pids($pg);
}

# Ends it by the signal, with its processes, and gives its shared memory back, which a killed server does not.
sub end
{
    my ($pg, $signal) = @_;
    return if !delete $running{$pg->{pid}};
    # It starts no process any more while they are listed: one that is left would keep its shared memory and write in its folder.
    if ($signal eq 'KILL') {
        kill 'STOP', $pg->{pid};
        Time::HiRes::sleep(0.001) while process_state($pg->{pid}) !~ /^T?$/;
    }
    my (undef, @children) = postgres_pids($pg);
    kill $signal, $pg->{pid};
    kill 'CONT', $pg->{pid}, @children;
    kill $signal, @children if $signal eq 'KILL';
    waitpid $pg->{pid}, 0;
    for my $child (@children) {
        Time::HiRes::sleep(0.005) while process_state($child) ne '';
    }
    run_program('ipcrm', '-m', $pg->{shared_memory}) if $signal eq 'KILL' && $pg->{shared_memory};
}

sub postgres_stop
{
    my ($pg) = @_;
    end($pg, 'QUIT');
    remove_tree($pg->{folder}) if !$ENV{KYC_KEEP};
}

sub postgres_kill { end($_[0], 'KILL'); }

sub postgres_restart
{
    my ($pg) = @_;
    end($pg, 'INT');
    start($pg);
}

# Of a database of this server; without a name: postgres.
sub postgres_url
{
    my ($pg, $name) = @_;
    return "postgresql://postgres\@127.0.0.1:$pg->{port}/" . (defined $name ? $name : 'postgres');
}

# Makes the database of a URL, as a copy of another one, from which whoever is still connected is sent away.
sub create
{
    my ($url, $from) = @_;
    my ($server, $name) = $url =~ m{(.*/)(.*)};
    postgres_query("${server}postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '$from'") if $from ne 'template1';
    postgres_query("${server}postgres", qq{CREATE DATABASE "$name" TEMPLATE "$from" STRATEGY wal_log});
    return $url;
}

# A new database; with the URL of another one: a copy of it. Any process of a test may call it; those of a forked one are
# dropped at its end, because each takes 8 MB. Others stay: a later process may have the same number, so a name has its time too.
sub postgres_database
{
    my ($pg, $template) = @_;
    my $url = create(postgres_url($pg, sprintf 'kyc_%d_%d_%x', $$, ++$number, time), defined $template ? $template =~ s{.*/}{}r : 'template1');
    test_at_end(sub { postgres_drop($url) });
    return $url;
}

sub postgres_copy
{
    my ($from, $to) = @_;
    postgres_drop($to);
    create($to, $from =~ s{.*/}{}r);
}

sub postgres_drop
{
    my ($url) = @_;
    my ($server, $name) = $url =~ m{(.*/)(.*)};
    postgres_query("${server}postgres", qq{DROP DATABASE IF EXISTS "$name" WITH (FORCE)});
}

# Rows of a query, each an array. schema: where its tables are.
sub postgres_query
{
    my ($url, $query, $schema) = @_;
    local $ENV{PGOPTIONS} = '-c client_min_messages=warning' . (defined $schema ? " -c search_path=$schema" : '');
    my ($status, $out, $err) = run_program(bin() . '/psql', '-X', '-A', '-t', '-q', '-F', '|', '-v', 'ON_ERROR_STOP=1', '-d', $url, '-c', $query);
    die "psql: $query: $err" if $status;
    return map { [split /\|/, $_, -1] } split /\n/, $out;
}

END {
    local $?;
    # In a forked process these are its parent's.
    if ($$ == $owner) { postgres_stop($_) for values %running; }
}

1;
