#!/usr/bin/perl
# The shipped ways to run a job every night: the cron line in cron's own environment, the systemd unit, the job files.
# The installation of jobs/README.md is built in a separate folder; only the roots of the paths differ. What a real systemd
# and a real cron make of them: tests/system/night.t.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Copy qw(copy);
use File::Path qw(make_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;
use KycTest;

my $project = abs_path("$FindBin::Bin/../..");
my $readme = read_file("$project/jobs/README.md");
my @providers = provider_names();

# The lines of a crontab as Debian's cron reads one of /etc/cron.d: ({NAME => VALUE}, [{when, user, command, stdin}, …]).
sub read_crontab
{
    my ($text) = @_;
    my (%set, @entries);
    die 'the last line has no end: cron ignores the file' if $text !~ /\n\z/;
    for my $line (split /\n/, $text) {
        next if $line =~ /^\s*(?:#|$)/;
        if ($line =~ /^\s*([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/) {
            $set{$1} = $2 =~ s/^(["'])(.*)\1$/$2/r;
            next;
        }
        my ($when, $user, $rest) = $line =~ /^((?:[\d*,\/-]+\s+){5})(\S+)\s+(.*)$/ or die "not a line of a crontab: $line";
        my ($command, @input) = split /(?<!\\)%/, $rest, -1; # a percent sign ends the command
        push @entries, {when => $when, user => $user, command => $command, input => \@input};
    }
    return (\%set, \@entries);
}

# A text with its installation paths moved below a root.
sub below
{
    my ($root, $text) = @_;
    return $text =~ s{(?<![\w/.-])/(usr/local/bin|etc/kyc-import|var/lib/kyc-import)(?![\w-])}{$root/$1}gr;
}

# The installation of jobs/README.md with a provider's job; PROVIDER.env is the content of `credentials`.
sub install_job
{
    my ($root, $provider, $credentials, %edit) = @_;
    make_path("$root/usr/local/bin", "$root/etc/kyc-import", "$root/var/lib/kyc-import", {mode => 0755});
    chmod 0700, "$root/var/lib/kyc-import";
    symlink abs_path(program('kyc-import')), "$root/usr/local/bin/kyc-import";
    my $job = read_file("$project/jobs/$provider.yaml");
    $job =~ s{path: \Q../samples/customers.csv.gz\E}{path: $project/samples/customers.csv.gz} or die 'the sample job reads another file';
    for my $line (sort keys %edit) {
        $job =~ s/^\Q$line\E.*$/$edit{$line}/m or die "$provider.yaml has no line `$line`";
    }
    write_file("$root/var/lib/kyc-import/$provider.yaml", $job);
    chmod 0600, "$root/var/lib/kyc-import/$provider.yaml";
    write_file("$root/etc/kyc-import/$provider.env", $credentials);
}

sub all_files
{
    my ($root) = @_;
    my (undef, $out) = run_program('find', $root, '!', '-type', 'd', '-printf', '%P\n');
    return sort split /\n/, $out;
}

# A command as cron runs it: $SHELL -c COMMAND, with HOME, LOGNAME, SHELL and PATH of its own and the file's variables.
sub cron_run
{
    my ($root, $set, $entry) = @_;
    my %environment = (HOME => "$root/var/lib/kyc-import", LOGNAME => $entry->{user}, SHELL => '/bin/sh', PATH => '/usr/bin:/bin', %$set);
    my $path = delete $environment{PATH};
    local $ENV{PATH} = '/usr/bin:/bin';
    return run_program('env', '-i', "--chdir=$environment{HOME}", (map { "$_=$environment{$_}" } sort keys %environment), 'PATH=' . below($root, $path),
        $environment{SHELL}, '-c', below($root, $entry->{command}));
}

my ($set, $entries) = read_crontab(read_file("$project/jobs/kyc-import.cron"));

subtest 'the cron line' => sub {
    is(scalar @$entries, 1, 'is one');
    my $entry = $entries->[0];
    is_deeply($entry->{input}, [], 'without a percent sign, which cron takes for the end of the line');
    like($entry->{user}, qr/^kyc-import$/, 'for the user of the package');
    # A line for kira: its users verify by a link, as jobs/README.md says.
    like($readme, qr/`for command in run refresh links`/, 'jobs/README.md has the commands of kira');
    $entry->{command} =~ s/for command in run refresh;/for command in run refresh links;/ or die 'the cron line has other commands';

    my $sandbox = sandbox_start();
    my ($key, $client, $password) = $sandbox->{out} =~ /: kira: api_key (\S+), client_id (\S+), password (\S+)/;
    my $credentials = "KIRA_API_KEY='$key'\nKIRA_CLIENT_ID='$client'\nKIRA_PASSWORD='$password'";
    my $root = scratch_folder();
    # As jobs/README.md writes it, and with no line end after the last line.
    install_job($root, 'kira', "# the credentials\n$credentials", '  name: kira' => "  name: kira\n  base_url: $sandbox->{url}/kira", '  rate:' => '  rate: 2000/s');
    my $report = "$root/var/lib/kyc-import/reports/kira-nightly";
    # {create => N, …} of the night, and (status, standard output, standard error).
    my $night = sub {
        sandbox_reset($sandbox);
        my @result = cron_run($root, $set, $entry);
        return (sandbox_counts($sandbox)->{kira}{by_operation}, @result);
    };
    my $links = sub { return scalar grep { m{,https://} } split /\n/, read_file("$report/links.csv") };
    my $refreshed = sub { return JSON::PP->new->utf8->decode(read_file("$report/refresh.json")) };

    my ($sent, $status, $out, $err) = $night->();
    is("$status$out$err", '0', 'the first night: status 0, and no mail');
    is(sandbox_counts($sandbox)->{kira}{users}, 200, 'every customer of the export is created');
    my @files = all_files($root);
    is_deeply([grep { !m{^(?:usr/local/bin/kyc-import|etc/kyc-import/kira\.env|var/lib/kyc-import/.*)$} } @files], [], 'files are made in /var/lib/kyc-import alone');
    ok(-s "$root/var/lib/kyc-import/kira-nightly.ledger", 'the ledger beside the job');
    ok(-s "$report/summary.json", 'and the report');
    is($refreshed->()->{customers}{pending}, 200, 'the states of all are read');
    is($links->(), 200, 'and each has the link of its create');
    ($sent, $status, $out, $err) = $night->();
    is("$status$out$err", '0', 'the second night: the same');
    is_deeply([map { $sent->{$_} || 0 } qw(create update link)], [0, 0, 0], 'and only the states are asked for');

    # A night with work for each of the three; the first two end with status 1.
    my @users = sandbox_users($sandbox, 'kira');
    sandbox_control($sandbox, 'POST', "/_sandbox/verification?api=kira&user=$_->{id}&state=rejected", '') for @users[0 .. 2];
    my $job = "$root/var/lib/kyc-import/kira.yaml";
    my $text = read_file($job);
    write_file($job, $text =~ s/years: 18/years: 30/r);
    ($sent, $status, $out, $err) = $night->();
    is($status, 1, 'rejected rows and rejected customers: status 1');
    like($err, qr/^kyc-import: warning: \d+ rejected, .*\n.*since the last refresh 3 customers became rejected/s, 'both are mailed');
    is($sent->{link}, 3, 'and the three get their links all the same');
    is($links->(), 203, 'which are in the file');
    unlike("$out$err", qr{https?://verify|\@}, 'and not in the mail');
    write_file($job, $text);
    ($sent, $status, $out, $err) = $night->();
    is("$status$out$err", '0', 'the next night is silent');
    is($links->(), 203, 'and makes none');

    # Stopped: nothing follows.
    sandbox_control($sandbox, 'POST', '/_sandbox/revoke-keys', '');
    write_file($job, $text =~ s/given_name/family_name/r);
    ($sent, $status, $out, $err) = $night->();
    is($status, 4, 'a night without valid credentials is status 4');
    is(scalar(() = $err =~ /^kyc-import: error: /mg), 1, 'and the run alone is in the mail') or diag $err;
    sandbox_control($sandbox, 'POST', '/_sandbox/restore-keys', '');
    write_file($job, $text);

    # Errors are mailed.
    write_file($job, $text =~ s/years: 18/years: 70/r);
    ($status, $out, $err) = cron_run($root, $set, $entry);
    is($status, 1, 'rejected rows are status 1');
    like("$out$err", qr/^kyc-import: warning: \d+ rejected, .*\nhint: the report in \S+ names the records\n\z/, 'and the report is named');
    write_file($job, $text);
    write_file("$root/etc/kyc-import/kira.env", "KIRA_API_KEY='$key'\nKIRA_CLIENT_ID='$client'\n");
    ($status, $out, $err) = cron_run($root, $set, $entry);
    is($status, 2, 'a credential that is not set is status 2');
    like($err, qr/KIRA_PASSWORD is not set/, 'and named');
    unlink "$root/etc/kyc-import/kira.env";
    ($status, $out, $err) = cron_run($root, $set, $entry);
    isnt($status, 0, 'without its environment the job does not begin');
    like($err, qr{etc/kyc-import/kira\.env}, 'and the file is named');
    unlink "$root/usr/local/bin/kyc-import";
    sandbox_stop($sandbox);
};

# A unit: {Section => {Name => [values]}}.
sub read_unit
{
    my ($path) = @_;
    my (%unit, $section);
    for my $line (split /\n/, read_file($path) =~ s/\\\n\s*/ /gr) {
        next if $line =~ /^\s*(?:[#;]|$)/;
        $section = $1, next if $line =~ /^\[(\w+)\]$/;
        my ($name, $value) = $line =~ /^(\w+)=(.*)$/ or die "not a line of a unit: $line";
        push @{$unit{$section}{$name}}, $value;
    }
    return \%unit;
}

subtest 'the systemd units' => sub {
    my $service = read_unit("$project/jobs/kyc-import@.service")->{Service};
    my $failed = read_unit("$project/jobs/kyc-import-failed@.service")->{Service};
    my $entry = $entries->[0];
    my @commands = map { [split ' '] } @{$service->{ExecStart}};
    my ($program, undef, $job) = @{$commands[0]};
    my ($verbs, $cron_job) = $entry->{command} =~ /for command in ([a-z ]+); do kyc-import \$command (\S+) -q /;
    is_deeply(\@commands, [map { [$program, $_, $job] } grep { $_ ne 'links' } split ' ', $verbs], 'run the commands of the cron line');
    is($cron_job, $job =~ s/%i/\$NAME/r, 'with its job');
    like($entry->{command}, qr/ \Q@{[$service->{EnvironmentFile}[0] =~ s{^-(.*)%i}{$1\$NAME}r]}\E;/, 'and its credentials');
    is_deeply([split ' ', $service->{SuccessExitStatus}[0]], [1], 'each after the status 1 of the one before, and none after another failure');
    is_deeply([split ' ', $service->{RestartPreventExitStatus}[0]], [2 .. 5], '6 and 7 are tried again');
    my ($made, $commands) = run_program('make', '-s', '-C', $project, 'install', "DESTDIR=@{[scratch_folder()]}");
    like($commands, qr{^INSTALL \S+\Q$program\E$}m, 'by the program that make install puts there');
    ok((grep { "$_/kyc-import" eq $program } split ':', $set->{PATH}), 'which is that of the cron line');
    for my $unit ($service, $failed) {
        is($unit->{User}[0], $entry->{user}, 'so is the user');
        is($unit->{StateDirectoryMode}[0], '0711', 'and the folder lets the node exporter through');
        is("/var/lib/$unit->{StateDirectory}[0]", $unit->{WorkingDirectory}[0], 'it works in the folder of the jobs');
    }
    is_deeply(read_unit("$project/jobs/kyc-import@.timer")->{Timer}{OnCalendar}, ['*-*-* 02:30:00'], 'the timer is that of the cron line');
    like($entry->{when}, qr/^30 2 \* \* \* *$/, 'half past two');

    SKIP: {
        my ($found) = run_program('sh', '-c', 'command -v systemd-analyze');
        skip 'no systemd-analyze here', 1 if $found;
        my $units = scratch_folder();
        my $here = abs_path(program('kyc-import'));
        my @names = qw(kyc-import@.service kyc-import-failed@.service kyc-import@.timer);
        write_file("$units/$_", read_file("$project/jobs/$_") =~ s{/usr/local/bin/kyc-import}{$here}gr) for @names;
        my ($status, $out, $err) = run_program('systemd-analyze', 'verify', '--man=no', map { s/@/\@kira/r } map { "$units/$_" } @names);
        is($status . join('', grep { /kyc-import/ } "$out$err" =~ /^.*$/mg), '0', 'systemd-analyze verify has no complaint');
    }
};

for my $provider (@providers) {
    subtest "jobs/$provider.yaml" => sub {
        my $root = scratch_folder();
        install_job($root, $provider, '');
        my $job = "$root/var/lib/kyc-import/$provider.yaml";
        my ($status, $out, $err) = run_program(program('kyc-import'), 'check', $job, '-q');
        is("$status$out$err", '0', 'installed: a check of the sample is silent');
        is_deeply([grep { !m{^(?:usr|etc)/|^var/lib/kyc-import/(?:\Q$provider\E\.yaml$|reports/\Q$provider\E-nightly/)} } all_files($root)], [], 'and writes beside the job');
        my $text = read_file($job);
        like($text, qr{^ledger: sqlite:\Q$provider\E-nightly\.ledger$}m, 'so will the ledger');
        my ($metrics) = $text =~ /^# metrics: (\S+)$/m;
        like($readme, qr{\Q@{[$metrics =~ s{/[^/]*$}{}r]}\E}, "jobs/README.md names the folder of $metrics");
        ($status) = run_program(program('kyc-import'), 'check', $job, '--json', '-q', '--set', "metrics=$root/metrics.prom");
        is($status, 0, 'a metrics file of its own can be set');
        ok(!-e "$root/metrics.prom", 'and a check leaves it to the runs');
    };
}
done_testing;
