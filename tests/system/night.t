#!/usr/bin/perl
# Nights without a person, as they are shipped: the .deb in a minimal Debian system with a real systemd as process 1, a job
# made by `guess`, the timer, the units' restarts and alerts, the cron line run by a real cron, an upgrade, a purge. In
# the end each valid row is one user, whatever was killed, and nothing was written outside of the unit's folders.
use strict;
use warnings;
use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use HTTP::Tiny;
use JSON::PP;
use Test::More;
use KycRoot;
use KycTest;

my $why = root_missing();
plan skip_all => $why if $why;
chdir "$FindBin::Bin/../.." or die $!;

my $scratch = scratch_folder();
my $root = root_start();
my ($unit, $alert) = qw(kyc-import@kira.service kyc-import-failed@kira.service);
my $state = '/var/lib/kyc-import';
my %sandbox; # {kira => …, payward => …}: one for the units, and one for cron, which works beside them

# Packages of two versions, from the programs of this build.
sub install_package
{
    my ($version) = @_;
    my $folder = "$scratch/deb";
    mkdir $folder or run_program('rm', '-rf', $folder), mkdir $folder;
    symlink abs_path(program($_)), "$folder/$_" for qw(kyc-import kyc-sandbox man completion);
    my ($status, $out, $err) = run_program('env', "BUILD=$folder", 'scripts/make-deb', $version);
    my ($path) = $out =~ /^DEB (\S+)$/m or die "make-deb: $out$err";
    run_program('cp', $path, root_path($root, '/root/kyc-import.deb'));
    return root_apt($root, 'install', '/root/kyc-import.deb');
}

# A file of the system, with owner and mode.
sub put
{
    my ($path, $text, $owner, $mode) = @_;
    root_sh($root, 'mkdir -p "$(dirname "$1")"', $path);
    write_file(root_path($root, $path), $text);
    root_sh($root, 'chown "$2" "$1"; chmod "$3" "$1"', $path, $owner // 'root:root', $mode // '644');
}

# Drop-ins count from here on.
sub drop_in
{
    my ($of, $text) = @_;
    put("/etc/systemd/system/$of.d/test.conf", $text);
    root_run($root, qw(systemctl daemon-reload));
}

sub counts { return sandbox_counts($sandbox{$_[0]})->{$_[0]}; }

# {ActiveState => …, Result => …} of a unit.
sub show
{
    my ($of) = @_;
    my (undef, $out) = root_run($root, qw(systemctl show -p), 'ActiveState,SubState,Result,NRestarts,ExecMainStatus,InvocationID', $of);
    return {map { split /=/, $_, 2 } split /\n/, $out};
}

# Waits until the unit is in none of the states between (a restart is `activating`).
sub wait_end
{
    my ($of) = @_;
    return root_wait(60, sub { my $is = show($of); return $is->{ActiveState} =~ /^(?:inactive|failed)$/ ? $is : undef; }) // {Result => 'late'};
}

# How many alerts were raised so far, and those that were suppressed.
sub alerts { return scalar(() = root_journal($root, $alert) =~ /the night of the job kira failed/g); }

my @columns = qw(customer_id given_name family_name email mobile dob street city postal_code country nationality occupation birth_city birth_country);

# Numbers of customers to an export; a customer of a number that ends in 7 has no phone number that is one.
sub export
{
    my ($path, @numbers) = @_;
    my @rows = map {
        my $phone = $_ % 10 == 7 ? '12' : sprintf '+1415555%04d', 100 + $_;
        sprintf "c-%04d,Alex,Morgan%d,c%d\@example.com,%s,1990-04-15,1 Market St,San Francisco,94103,US,US,computers_and_it,San Francisco,US", $_, $_, $_, $phone;
    } @numbers;
    put($path, join('', map { "$_\n" } join(',', @columns), @rows), 'kyc-import:kyc-import', '640');
    return scalar grep { $_ % 10 != 7 } @numbers;
}

# A job as `guess` writes it, sent to the sandbox.
sub make_job
{
    my ($name, $export, $rate) = @_;
    my ($status, $out, $err) = root_run($root, qw(runuser -u kyc-import -- kyc-import guess), $export, '--provider', $name);
    is($status, 0, "guess writes a job for $name") or diag $err;
    $out =~ s{^  # base_url: .*$}{  base_url: $sandbox{$name}{url}/$name}m or die $out;
    $out =~ s/^  # (verification_mode: \{value: verification_link\}).*$/  $1/m;
    $out =~ s/^  rate: .*$/  rate: $rate/m or $out .= "\ndelivery: {rate: $rate}\n";
    put("$state/$name.yaml", $out, 'kyc-import:kyc-import', '600');
    return $out =~ /^job: (\S+)/m ? $1 : die $out;
}

sub summary { return JSON::PP->new->utf8->decode(read_file(root_path($root, "$state/reports/$_[0]/summary.json"))); }

my ($job, $valid);

subtest 'the package is installed' => sub {
    my ($status, $out, $err) = install_package('0.1.0');
    is($status, 0, 'with what it depends on') or diag $out, $err;
    is((root_sh($root, 'stat -c "%U:%G %a" /var/lib/kyc-import /etc/kyc-import'))[1], "kyc-import:kyc-import 711\nroot:kyc-import 750\n", 'its folders and its user are there');
    is((root_sh($root, 'systemctl list-units --all --no-legend --plain "kyc-import*"'))[1], '', 'no unit runs');
    ($status, $out) = root_sh($root, 'systemctl is-enabled kyc-import@kira.timer');
    like($out, qr/^disabled$/m, 'and none is enabled');
    for my $name ('kyc-import@kira.service', 'kyc-import@kira.timer', $alert) {
        ($status, $out, $err) = root_run($root, qw(systemd-analyze verify --man=no), $name);
        is("$status$out$err", '0', "$name is a good unit");
    }
    ($status, $out) = root_sh($root, 'systemd-analyze security --offline=true --threshold=15 /lib/systemd/system/kyc-import@.service');
    is($status, 0, 'the exposure of the unit is at most 1.5') or diag $out;
};

# A take-over, a rate that continues and shares of an account need the machine's boot id.
subtest 'what the unit can read' => sub {
    drop_in('kyc-import@reads.service', "[Service]\nExecStart=\nExecStart=/bin/cat /proc/sys/kernel/random/boot_id\n");
    is((root_run($root, qw(systemctl start kyc-import@reads.service)))[0], 0, 'the boot id');
    like(root_journal($root, 'kyc-import@reads.service'), qr/: [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/m, 'in full');
};

# Starts a sandbox for a provider in the system; returns what it printed.
sub start_sandbox
{
    my ($name) = @_;
    root_run($root, qw(systemd-run -q --uid=nobody), "--unit=sandbox-$name", qw(kyc-sandbox --listen 127.0.0.1:0 --key-tag), $$);
    my $said = root_wait(20, sub { my $text = root_journal($root, "sandbox-$name"); $text =~ /: ready$/m ? $text : undef }) // die root_journal($root, "sandbox-$name");
    $sandbox{$name} = {url => $said =~ m{listening on (http://\S+)}};
    return $said;
}

subtest 'two sandboxes, exports and two jobs' => sub {
    my ($key, $client, $password) = start_sandbox('kira') =~ /: kira: api_key (\S+), client_id (\S+), password (\S+)/;
    my ($signing, $secret) = start_sandbox('payward') =~ /: payward: api_key (\S+), api_secret (\S+)/;
    $valid = export('/srv/exports/kira.csv', 1 .. 200);
    $job = make_job('kira', '/srv/exports/kira.csv', '50/s');
    put('/etc/kyc-import/kira.env', "KIRA_API_KEY='$key'\nKIRA_CLIENT_ID='$client'\nKIRA_PASSWORD='$password'\n", 'root:kyc-import', '640');
    export('/srv/exports/payward.csv', 1 .. 60);
    make_job('payward', '/srv/exports/payward.csv', '50/s');
    put('/etc/kyc-import/payward.env', "PWS_API_KEY='$signing'\nPWS_API_SECRET='$secret'\n", 'root:kyc-import', '640');
};

# Cron looks for work at each full minute, so its job runs beside the units.
put('/usr/sbin/sendmail', "#!/bin/sh\ncat >>/srv/mail\necho ================ >>/srv/mail\n", 'root:root', '755');
root_sh($root, 'install -m 666 /dev/null /srv/mail; touch /srv/before');
my $line = read_file(root_path($root, '/usr/share/doc/kyc-import/examples/kyc-import.cron'));
put('/etc/cron.d/kyc-import', $line =~ s/^30 2 /* * /mr =~ s/^NAME=kira$/NAME=payward/mr);
my $cron_began = time;

subtest 'the timer starts a night; the run is killed and continues' => sub {
    # As a person writes it, but for the times.
    drop_in('kyc-import@kira.timer', "[Timer]\nOnCalendar=\nOnActiveSec=1s\nAccuracySec=10ms\n");
    drop_in($unit, "[Unit]\nStartLimitBurst=3\n[Service]\nRestartSec=1s\nExecStart=/usr/bin/kyc-import links $state/%i.yaml\n");
    is((root_run($root, qw(systemctl start kyc-import@kira.timer)))[0], 0, 'the timer is started');
    my $some = root_wait(20, sub { my $users = counts('kira')->{users}; $users >= 20 ? $users : undef });
    ok($some && $some < $valid, 'after a second the run is in progress') or diag root_journal($root, $unit);
    root_run($root, qw(systemctl kill -s KILL), $unit);
    my $is = wait_end($unit);
    is("$is->{Result} $is->{NRestarts}", 'success 1', 'killed, it begins once more, and ends well') or diag root_journal($root, $unit);
    is(counts('kira')->{users}, $valid, 'each valid row is one user');
    is(counts('kira')->{duplicates}, 0, 'and none is two');
    is(alerts(), 0, 'there is no alert');
    my $summary = summary($job);
    is("$summary->{status} $summary->{rejected}", '1 20', 'the report says that 20 rows are rejected: status 1');
    like(read_file(root_path($root, "$state/reports/$job/report.html")), qr{phone/format}, 'and which');
    ok(-s root_path($root, "$state/reports/$job/refresh.json"), 'the states were read after it');
    my $links = () = read_file(root_path($root, "$state/reports/$job/links.csv")) =~ m{,https?://}g;
    is($links, $valid, 'each user has its link');
    my ($metrics) = (root_run($root, qw(runuser -u nobody -- cat), "$state/metrics/$job.prom"))[1];
    like($metrics, qr/^kyc_import_status\{import="\Q$job\E",command="run"\} 1$/m, 'another account can read the metrics, as the node exporter does');
    like((root_run($root, qw(systemctl list-timers --all --no-pager kyc-import@*)))[1], qr/kyc-import\@kira\.timer/, 'the timer is listed');
};

# Starts the unit and waits for its end, restarts included: (its state, new requests but logins and those of refresh, new alerts).
sub night
{
    my ($during) = @_;
    root_run($root, qw(systemctl reset-failed), $unit);
    my ($alerts, $before) = (alerts(), counts('kira')->{by_operation});
    root_run($root, qw(systemctl start --no-block), $unit);
    $during->() if $during;
    my $is = wait_end($unit);
    # The alert runs on its own; a unit that was stopped by hand has one too, which ends before its commands.
    root_wait(5, sub { show($alert)->{ActiveState} !~ /^activating$/ });
    my $after = counts('kira')->{by_operation};
    my %new = map { $_ => ($after->{$_} || 0) - ($before->{$_} || 0) } qw(create update link);
    return ($is, "create $new{create}, update $new{update}, link $new{link}", alerts() - $alerts);
}

subtest 'what each exit status does' => sub {
    my ($is, $sent, $alerts) = night();
    is("$is->{Result} $is->{NRestarts}, $sent, $alerts", 'success 0, create 0, update 0, link 0, 0', 'the next night sends nothing, and status 1 is no alert');

    sandbox_control($sandbox{kira}, 'POST', '/_sandbox/revoke-keys', '');
    export('/srv/exports/kira.csv', 1 .. 201);
    ($is, $sent, $alerts) = night();
    is("$is->{Result} $is->{ExecMainStatus} $is->{NRestarts}, $alerts", 'exit-code 4 0, 1', 'status 4 is an alert at once, without a restart') or diag root_journal($root);
    my (undef, $journal) = root_run($root, qw(journalctl --no-pager -p err -o cat -u), $alert);
    like($journal, qr/^the night of the job kira failed: exit-code, status 4\nhint: journalctl -u \Q$unit\E/m, 'it says why');
    like($journal, qr{^ *\d+ +created +create +HTTP 201$}m, 'and what the ledger holds') or diag $journal;
    sandbox_control($sandbox{kira}, 'POST', '/_sandbox/restore-keys', '');

    # Another process holds the ledger: flock(1) in the place of a run by hand.
    my $hold = sub {
        my $lock = "$state/$job.ledger.lock";
        root_sh($root, "systemd-run -q --unit=holder --uid=kyc-import flock $lock sleep 60; for i in \$(seq 200); do flock -n $lock true || break; sleep 0.05; done");
    };
    $hold->();
    ($is, $sent, $alerts) = night(sub {
        root_wait(20, sub { show($unit)->{NRestarts} >= 1 });
        root_run($root, qw(systemctl stop holder));
    });
    like("$is->{Result} $is->{NRestarts}, $sent, $alerts", qr/^success [12], create 1, update 0, link 0, 0$/, 'status 7 is tried again, without an alert') or diag root_journal($root, $unit);
    $hold->();
    ($is, $sent, $alerts) = night();
    is("$is->{Result} $is->{ExecMainStatus} $is->{NRestarts}, $sent, $alerts", 'exit-code 7 3, create 0, update 0, link 0, 1', 'not for ever: after the last try there is one alert') or diag root_journal($root, $unit);
    root_run($root, qw(systemctl stop holder));

    $valid = export('/srv/exports/kira.csv', 1 .. 400);
    ($is, $sent, $alerts) = night(sub {
        root_wait(20, sub { counts('kira')->{users} > 200 });
        root_run($root, qw(systemctl stop), $unit);
    });
    is("$is->{ExecMainStatus} $is->{NRestarts}, $alerts", '6 0, 0', 'stopped by systemctl: status 6, no restart and no alert') or diag root_journal($root, $alert);
    ok(counts('kira')->{users} < $valid, 'in the middle of its work');
    ($is, $sent, $alerts) = night();
    is("$is->{Result}, $alerts", 'success, 0', 'the next start continues');
    is(counts('kira')->{users} . ' ' . counts('kira')->{duplicates}, "$valid 0", 'to one user for each valid row');
};

subtest 'credentials of systemd' => sub {
    my $path = "$state/kira.yaml";
    my $text = read_file(root_path($root, $path));
    my ($password) = read_file(root_path($root, '/etc/kyc-import/kira.env')) =~ /^KIRA_PASSWORD='(.*)'$/m;
    put('/etc/kyc-import/kira.password', $password, 'root:root', '600');
    put($path, $text =~ s{env:KIRA_PASSWORD}{file:/run/credentials/$unit/password}r, 'kyc-import:kyc-import', '600');
    put("/etc/systemd/system/$unit.d/password.conf", "[Service]\nLoadCredential=password:/etc/kyc-import/kira.password\n");
    root_run($root, qw(systemctl daemon-reload));
    export('/srv/exports/kira.csv', 1 .. 401);
    $valid++;
    my ($is, $sent, $alerts) = night();
    is("$is->{Result}, $sent, $alerts", 'success, create 1, update 0, link 0, 0', 'a file of LoadCredential= is a secret file') or diag root_journal($root, $unit);
    my $group = '/etc/kyc-import/group.password';
    for my $case (['root:kyc-import', '440', 1], ['root:kyc-import', '640', 0], ['root:mail', '440', 0], ['kyc-import:mail', '440', 0], ['root:kyc-import', '444', 0], ['root:kyc-import', '660', 0]) {
        my ($owner, $mode, $is_accepted) = @$case;
        put($group, $password, $owner, $mode);
        put($path, $text =~ s{env:KIRA_PASSWORD}{file:$group}r, 'kyc-import:kyc-import', '600');
        my ($status, $out, $err) = root_sh($root, 'exec runuser -u kyc-import -- sh -c "set -a; . /etc/kyc-import/kira.env; exec kyc-import probe $1"', $path);
        my ($is) = $out =~ /^credentials +(ok|NOT OK)/m;
        is($is, $is_accepted ? 'ok' : 'NOT OK', "a file of $owner with mode $mode is " . ($is_accepted ? 'accepted' : 'refused')) or diag $out, $err;
    }
    put($path, $text, 'kyc-import:kyc-import', '600');
};

subtest 'the same night by cron' => sub {
    my $mail = root_wait(70 - (time - $cron_began), sub { my $text = read_file(root_path($root, '/srv/mail')); $text =~ /=====/ ? $text : undef }) // '';
    root_run($root, qw(rm /etc/cron.d/kyc-import));
    like($mail, qr/^Subject: Cron <kyc-import\@kyc-test> +set -a; \. /m, 'cron has run the line as its user, and mailed') or diag root_journal($root, 'cron');
    like($mail, qr/^kyc-import: warning: 6 rejected, /m, 'that six rows are rejected');
    is(counts('payward')->{users} . ' ' . counts('payward')->{duplicates}, '54 0', 'each valid row is one user');
    my ($report) = glob root_path($root, "$state/reports/*payward*/refresh.json");
    ok($report, 'and the states were read after it');
};

subtest 'nothing is written elsewhere' => sub {
    my ($status, $out) = root_sh($root, 'find / -xdev \( -path /srv -o -path /etc/systemd/system -o -path /etc/kyc-import -o -path /etc/cron.d -o -path /var/lib/systemd/timers -o -path /root \) -prune -o -cnewer /srv/before ! -type d -print; find /run/lock /tmp /dev/shm -xdev ! -type d');
    is_deeply([grep { !m{^/var/lib/kyc-import/|^/run/lock/kyc-import-[0-9a-f]+\.lock$} } split /\n/, $out], [], 'but to the state folder and the locks');
    my @leaks = grep { read_file($_) =~ /c\d+\@example\.com|Morgan/ } glob root_path($root, '/srv/mail');
    is_deeply(\@leaks, [], 'the mail has no personal data');
    unlike(root_journal($root, $unit) . root_journal($root, $alert), qr/c\d+\@example\.com|Morgan|\+1415555/, 'nor has the journal');
};

subtest 'an upgrade, and a purge' => sub {
    put('/etc/kyc-import/example.env', read_file(root_path($root, '/etc/kyc-import/example.env')) . "# edited\n", 'root:root', '640');
    root_run($root, qw(systemctl enable -q kyc-import@kira.timer));
    my ($status, $out, $err) = install_package('0.1.0+1');
    is($status, 0, 'an upgrade installs') or diag $out, $err;
    like(read_file(root_path($root, '/etc/kyc-import/example.env')), qr/^# edited$/m, 'and keeps what was edited');
    is((root_sh($root, 'systemctl is-enabled kyc-import@kira.timer'))[1], "enabled\n", 'and the timer');
    my ($is, $sent, $alerts) = night();
    is("$is->{Result}, $sent, $alerts", 'success, create 0, update 0, link 0, 0', 'the night after it sends nothing');
    is(counts('kira')->{users} . ' ' . counts('kira')->{duplicates}, "$valid 0", 'there is one user for each valid row');
    ($status, $out, $err) = root_apt($root, 'purge', 'kyc-import');
    is($status, 0, 'a purge') or diag $out, $err;
    is((root_sh($root, 'systemctl list-units --all --no-legend --plain "kyc-import@*"; ls /etc/systemd/system/timers.target.wants'))[1] =~ /kyc-import/ ? 1 : 0, 0, 'ends the timer');
    ok(-s root_path($root, "$state/$job.ledger"), 'the ledger stays');
    ok(!-e root_path($root, '/usr/bin/kyc-import'), 'and the program goes');
};
root_stop($root);
done_testing;
