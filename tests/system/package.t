#!/usr/bin/perl
# The Debian package in a minimal Debian system: it is installed with its dependencies, starts nothing, runs its demo, is
# upgraded, removed and purged; what people and runs made stays, and of what the package made itself nothing is left.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycRoot;
use KycTest;

chdir "$FindBin::Bin/../.." or die $!;
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES BUILD V)};
my $build = $ENV{KYC_BUILD} // 'build';
my $why = root_missing();
plan skip_all => $why if $why;
my $scratch = scratch_folder();

# The package, and the same as the next version, with another list of credentials.
my ($status, $out, $err) = run_program('make', '-s', '--no-print-directory', "BUILD=$build", 'deb', 'DEB_VERSION=0.1.0~system');
my ($package) = $out =~ /^DEB (\S+)$/m or die "make deb: $out$err";
run_program('mv', $package, "$scratch/one.deb");
run_program('dpkg-deb', '--raw-extract', "$scratch/one.deb", "$scratch/tree");
for (["$scratch/tree/DEBIAN/control", qr/^Version: .*$/m, 'Version: 0.1.0~system+1'], ["$scratch/tree/etc/kyc-import/example.env", qr/\z/, "# new\n"]) {
    my ($path, $old, $new) = @$_;
    write_file($path, read_file($path) =~ s/$old/$new/r);
}
run_program('dpkg-deb', '--root-owner-group', '-Znone', '--build', "$scratch/tree", "$scratch/two.deb");

my $root = root_start();
sub sh { return root_sh($root, @_) }
sub said { my ($status, $out, $err) = root_sh($root, @_); return "$status $out$err" }
sub copy_in { my ($from, $to) = @_; write_file(root_path($root, $to), read_file($from)) }

# The files that belong to no package, logs and caches aside.
sub strays
{
    my ($out) = (sh('find / -xdev \( -path /var/cache -o -path /var/log -o -path /var/lib/apt -o -path /var/lib/dpkg -o -path /usr/share/info/dir \) -prune -o -print | sort >/tmp/all;
        sed "s,^/\\(bin\\|lib\\|lib64\\|sbin\\)/,/usr&," /var/lib/dpkg/info/*.list | sort -u >/tmp/owned; comm -23 /tmp/all /tmp/owned'))[1];
    return grep { !m{^/(?:tmp|dev|proc|sys|run)\b} } split /\n/, $out;
}

my %before = map { ($_ => 1) } strays();
cmp_ok(scalar keys %before, '>', 10, 'a Debian system has files that belong to no package');
copy_in("$scratch/one.deb", '/tmp/kyc-import.deb');
($status, $out, $err) = root_apt($root, 'install', '/tmp/kyc-import.deb');
is($status, 0, 'apt-get install, with its dependencies') or diag($out, $err);
like(said('dpkg --audit; dpkg-query -W kyc-import'), qr/\A0 kyc-import\t0\.1\.0~system\n\z/, 'it is installed');
like(said('kyc-import version && kyc-sandbox --help'), qr/\A0 kyc-import 0\.1\.0\b/, 'the programs run');

# The user and the folders.
like(said('getent passwd kyc-import'), qr{\A0 kyc-import:x:\d+:\d+:[^:]*:/var/lib/kyc-import:/usr/sbin/nologin\n\z}, 'the user cannot log in');
is(said('stat -c "%n %a %U:%G" /var/lib/kyc-import /var/lib/kyc-import/metrics /etc/kyc-import'), "0 /var/lib/kyc-import 711 kyc-import:kyc-import\n"
    . "/var/lib/kyc-import/metrics 755 kyc-import:kyc-import\n/etc/kyc-import 750 root:kyc-import\n", 'who may read and write what');
is(said('systemctl list-unit-files --no-legend --state=enabled "kyc-import*"; systemctl list-units --all --no-legend "kyc-import*"; find /proc -maxdepth 1 -user kyc-import'),
    '0 ', 'no unit is enabled or was started');
is(said('systemctl is-enabled kyc-import@demo.timer; systemctl list-timers --all --no-legend "kyc-import*"'), "0 disabled\n", 'nor is a timer of a job');
is(said('systemctl is-enabled cron.service; find /etc/cron* -name "*kyc*"'), "0 enabled\n", 'cron has no line of it');

# The demo, as somebody without rights.
($status, $out, $err) = sh('install -d -o nobody /tmp/demo; cd /tmp/demo && exec runuser -u nobody -- /usr/share/doc/kyc-import/examples/demo');
is($status, 0, 'the demo runs') or diag($out, $err);
like($out, qr/^== it fits: 2191 created by our ledger, 2191 users there, 0 twice$/m, 'and shows what it should');

# A job with a ledger and credentials; a locally changed conffile.
is(said('cd /var/lib/kyc-import; cp /tmp/demo/kyc-import-demo/demo.ledger* . && chown kyc-import: demo.ledger* &&
    install -g kyc-import -m 640 /etc/kyc-import/example.env /etc/kyc-import/demo.env && echo "# ours" >>/etc/kyc-import/example.env &&
    install -g kyc-import -m 640 /usr/share/doc/kyc-import/examples/demo.yaml demo.yaml && chmod 600 /etc/kyc-import/example.env'), '0 ', 'somebody sets up a job');
is((sh('systemctl enable --now kyc-import@demo.timer'))[0], 0, 'and its timer');
my $timers = 'systemctl is-enabled kyc-import@demo.timer; systemctl is-active kyc-import@demo.timer; systemctl is-active kyc-import@demo.service';
is(said($timers), "3 enabled\nactive\ninactive\n", 'which waits for the night');
my $state = 'cd / && find var/lib/kyc-import etc/kyc-import -type f ! -name "*.dpkg-*" -exec stat -c "%n %a %U:%G" {} + -exec md5sum {} +';
my $had = said($state);
like($had, qr{^var/lib/kyc-import/demo\.ledger 600 kyc-import:kyc-import$}m, 'a ledger and its files');

# Upgraded.
copy_in("$scratch/two.deb", '/tmp/two.deb');
($status, $out, $err) = root_apt($root, '-o', 'Dpkg::Options::=--force-confold', 'install', '/tmp/two.deb');
is($status, 0, 'the upgrade') or diag($out, $err);
like(said('dpkg-query -W kyc-import; kyc-import version'), qr/\A0 kyc-import\t0\.1\.0~system\+1\nkyc-import 0\.1\.0\b/, 'to the next version');
is(said($timers), "3 enabled\nactive\ninactive\n", 'the timer waits on');
is(said($state), $had, 'which changes no job, no ledger, no credentials, and no conffile that somebody changed');

# Removed, and installed again.
($status, $out, $err) = sh('dpkg --remove kyc-import');
is($status, 0, 'removed') or diag($out, $err);
is(said('ls /usr/bin/kyc-* /usr/share/doc/kyc-import /usr/lib/systemd/system/kyc-* 2>/dev/null'), '2 ', 'programs, units and documents are gone');
is(said('systemctl is-active kyc-import@demo.timer; find /etc/systemd -name "kyc-import*"'),
    "0 inactive\n/etc/systemd/system/timers.target.wants/kyc-import\@demo.timer\n", 'its timer is stopped, and still enabled for the day it is installed again');
is(said($state), $had, 'jobs, ledgers and credentials are not');
is((sh('dpkg --force-confold -i /tmp/two.deb'))[0], 0, 'installed again');
is(said($state), $had, 'it finds them');
is(said('systemctl is-enabled kyc-import@demo.timer; mkdir -p /var/lib/systemd/timers; touch /var/lib/systemd/timers/stamp-kyc-import@demo.timer'), "0 enabled\n", 'and the timer');

# Purged: ledgers and credentials are not the package's to destroy.
($status, $out, $err) = sh('dpkg --purge kyc-import');
is($status, 0, 'purged') or diag($out, $err);
like($err, qr{^kyc-import: /var/lib/kyc-import is kept: .*rm -r /var/lib/kyc-import\)\nkyc-import: /etc/kyc-import is kept: }m, 'says what it keeps');
my @left = grep { !$before{$_} } strays();
is_deeply([grep { m{/systemd/.*kyc-import} } @left], [], 'keeps no link to a unit and no time of a timer');
is_deeply([grep { m{/kyc-import/} && !m{/demo\.(?:yaml|env|ledger)} } @left], [], 'keeps what people and runs made alone');
ok((grep { $_ eq '/var/lib/kyc-import/demo.ledger' } @left) && (grep { $_ eq '/etc/kyc-import/demo.env' } @left), 'a ledger and credentials')
    or diag("@left");
is((sh('getent passwd kyc-import'))[0], 0, 'the user stays, because files are its own');

# Where nothing was made, nothing is left.
is(said('rm -r /var/lib/kyc-import /etc/kyc-import && dpkg -i /tmp/two.deb >/dev/null && dpkg --purge kyc-import >/dev/null'), '0 ', 'installed and purged at once, without a word');
is_deeply([grep { !$before{$_} && !m{^/etc/(?:passwd|group|shadow|gshadow)-$|^/var/lib/systemd/timers$} } strays()], [], 'leaves no file');
root_stop($root);
done_testing;
