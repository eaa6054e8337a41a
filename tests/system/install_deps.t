#!/usr/bin/perl
# scripts/install-deps in a minimal Debian system: of the packages that bring services it installs the programs and starts
# nothing, neither now nor with the next boot; what forbids it meanwhile is removed again, and what was there stays.
# In the long form alone (make proof): it downloads 100 MB.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycProof;
use KycRoot;
use KycTest;

plan skip_all => 'the long form installs the packages (make proof)' if !proof_is_long();
chdir "$FindBin::Bin/../.." or die $!;
my $why = root_missing();
plan skip_all => $why if $why;

# Of its lists, the packages with services, and what they need.
my $script = read_file('scripts/install-deps');
my ($entries) = $script =~ /^test=\((.*?)^\)/ms or die 'no list of packages';
my ($units) = $script =~ /^units=\((.*?)^\)/ms or die 'no list of units';
my %unit = map { /^(\S+?):(\S+)$/ ? ($1 => $2) : () } split ' ', $units;
my @wanted = grep { /^(?:postgresql|munge|slurmctld|slurmd|slurm-client|parallel|prometheus):/ } split ' ', $entries;
is(scalar @wanted, 7, 'the packages are in its list');
$script =~ s/^test=\(.*?^\)/test=(@wanted)/ms;
$script =~ s/^test_where_known=.*/test_where_known=()/m;

my $root = root_start();
write_file(root_path($root, '/tmp/install-deps'), $script);
sub said { my ($status, $out, $err) = root_sh($root, @_); return "$status $out$err" }
my $running = 'systemctl list-units --type=service,timer,socket --state=active --no-legend --plain | cut -d" " -f1 | sort';
my $before = said($running);
my ($status, $out, $err) = do { my $lock = KycRoot::lock_base(); root_run($root, qw(bash /tmp/install-deps test)) };
is($status, 0, 'they are installed') or diag($out, $err);
like($err, qr/\Ainstalling (?:\S+ ?){7}\n\z/, 'with one line about it');
is(said('for program in pg_createcluster munged slurmctld slurmd sbatch parallel promtool; do command -v $program >/dev/null || echo $program; done'), '0 ', 'the programs are there');
is(said($running), $before, 'no service runs that did not run before');
is(said('pg_lsclusters --no-header'), '0 ', 'no cluster of PostgreSQL was made');
is(said("ls -d /proc/[0-9]* | while read -r process; do cat \$process/comm; done 2>/dev/null | grep -E 'postgres|slurm|munge|prometheus|sadc'"), '1 ', 'no process of them');
for my $unit (sort keys %unit) {
    is(said("systemctl is-enabled $unit"), "1 disabled\n", "$unit of $unit{$unit} does not start with the next boot");
}
is(said('ls /usr/sbin/policy-rc.d /etc/postgresql-common/createcluster.conf 2>/dev/null'), '2 ', 'what forbade it is removed');
is(said('bash /tmp/install-deps test'), '0 ', 'a second time there is nothing to do, and nothing is said');

# Those of an administrator stay.
said('apt-get -qq purge -y parallel; printf "#!/bin/sh\nexit 101\n# ours\n" >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d; echo "# ours" >/etc/postgresql-common/createcluster.conf');
is((do { my $lock = KycRoot::lock_base(); root_run($root, qw(bash /tmp/install-deps test)) })[0], 0, 'installed again');
is(said('tail -n 1 /usr/sbin/policy-rc.d /etc/postgresql-common/createcluster.conf | grep -c ours'), "0 2\n", 'an own policy-rc.d and createcluster.conf stay');
root_stop($root);
done_testing;
