#!/usr/bin/perl
# make install, make uninstall and make deb: which files they make, where, with which modes and paths in them; the demo
# among the installed files; what lintian thinks of the package. Needs no root: all is installed below a folder.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Copy qw(move);
use File::Find qw(find);
use POSIX ();
use Test::More;
use KycTest;

chdir "$FindBin::Bin/../.." or die $!;
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES BUILD PREFIX DESTDIR V sysconfdir localstatedir SOURCE_DATE_EPOCH)};
$ENV{CDPATH} = '.';    # with which `cd FOLDER` prints where it is
umask 077;    # what is installed is for all users, whatever that of the person who installs it
my $build = $ENV{KYC_BUILD} // 'build';
my $scratch = scratch_folder();

sub make { return run_program('make', '-s', '--no-print-directory', "BUILD=$build", @_) }

# {path => mode} of the files (or with `d` the folders) below a folder.
sub tree
{
    my ($root, $kind) = @_;
    my %mode;
    find({no_chdir => 1, wanted => sub {
        my @stat = lstat;
        $mode{s{^\Q$root\E/?}{}r} = sprintf '%04o', $stat[2] & 07777 if ($kind // 'f') eq (-d _ ? 'd' : 'f');
    }}, $root);
    return \%mode;
}

my @samples = map { s{^samples/}{}r } glob 'samples/*';

# What an installation has below its PREFIX.
sub expected
{
    my ($prefix) = @_;
    my $doc = 'share/doc/kyc-import';
    my @texts = qw(lib/sysusers.d/kyc-import.conf lib/tmpfiles.d/kyc-import.conf);
    push @texts, map { "share/man/$_" } qw(man1/kyc-import.1 man1/kyc-sandbox.1 man5/kyc-import-job.5);
    push @texts, map { "share/$_" } qw(bash-completion/completions/kyc-import zsh/vendor-completions/_kyc-import fish/vendor_completions.d/kyc-import.fish);
    push @texts, map { "share/kyc-import/$_" } qw(alerts.yaml alerts-test.yaml dashboard.json);
    push @texts, map { "lib/systemd/system/$_" } qw(kyc-import@.service kyc-import@.timer kyc-import-failed@.service);
    push @texts, map { "$doc/$_" } 'README.md', 'CHANGELOG.md', 'LICENSE', map { "samples/$_" } @samples;
    push @texts, map { "$doc/examples/$_" } qw(example.env demo.yaml kira.yaml kraken-embed.yaml payso.yaml payward.yaml kyc-import.cron), 'README.md',
        map({ "slurm/$_.sbatch" } qw(shard merge)), map({ "kubernetes/$_.yaml" } qw(check run run-sqlite)), 'container/Containerfile';
    my %mode = map { ("$prefix/$_" => '0644') } @texts;
    $mode{"$prefix/$_"} = '0755' for qw(bin/kyc-import bin/kyc-sandbox), map { "$doc/examples/$_" } qw(demo slurm/submit parallel/check container/steps);
    return \%mode;
}

# Installed below DESTDIR, the default PREFIX.
my $root = "$scratch/with blank";
my ($status, $out, $err) = make('install', "DESTDIR=$root");
is("$status $err", '0 ', 'make install DESTDIR=') or diag($out);
is_deeply(tree($root), expected('usr/local'), 'puts each file into its place, with its mode');
is_deeply([grep { $_ ne '0755' } values %{tree("$root/usr", 'd')}], [], 'in folders that all users may read');
like($out, qr{^INSTALL \Q$root\E/usr/local/bin/kyc-import$}m, 'names each file');
for my $program (qw(kyc-import kyc-sandbox)) {
    is((run_program("$root/usr/local/bin/$program", $program eq 'kyc-import' ? 'version' : '--help'))[0], 0, "$program runs there");
}
write_file("$root/usr/local/bin/other", '');
write_file("$root/usr/local/share/doc/kyc-import/examples/mine.yaml", '');

# Starts a program with its output in NAME.out.
sub in_background
{
    my ($name, $folder, @command) = @_;
    my $pid = fork // die $!;
    return $pid if $pid;
    open STDOUT, '>', "$scratch/$name.out" or die $!;
    open STDERR, '>&', \*STDOUT or die $!;
    chdir $folder or die $!;
    { exec {$command[0]} @command; }
    POSIX::_exit(127);
}

# The demo runs meanwhile, because it waits for its rate; and so does a second build of the package.
my $demo = in_background('demo', $scratch, "$root/usr/local/share/doc/kyc-import/examples/demo");
my $has_dpkg = !system('command -v dpkg-deb dpkg-shlibdeps >/dev/null');
mkdir "$scratch/second" or die $!;
run_program('cp', '-r', (map { "$build/$_" } qw(kyc-import kyc-sandbox man completion)), "$scratch/second");
my $second = $has_dpkg && in_background('second', '.', 'env', "BUILD=$scratch/second", 'scripts/make-deb', '0.1.0~test');

# The paths in the files are those of the installation.
my $other = "$scratch/other";
($status, $out, $err) = make('install', "DESTDIR=$other", 'PREFIX=/opt/kyc', 'sysconfdir=/opt/etc', 'localstatedir=/srv');
is("$status $err", '0 ', 'make install PREFIX= sysconfdir= localstatedir=');
is_deeply(tree($other), expected('opt/kyc'), 'puts everything below PREFIX');
like(read_file("$other/opt/kyc/lib/tmpfiles.d/kyc-import.conf"),
    qr{^d /srv/lib/kyc-import 0711 kyc-import kyc-import -\nd /srv/lib/kyc-import/metrics 0755 kyc-import kyc-import -\n.*^d /opt/etc/kyc-import 0750 root kyc-import -$}ms,
    'state and credentials are where sysconfdir and localstatedir are');
like(read_file("$other/opt/kyc/lib/sysusers.d/kyc-import.conf"), qr{^u kyc-import - "[^"]+" /srv/lib/kyc-import /usr/sbin/nologin$}m, 'so is the home of the user');
my $unit = read_file("$other/opt/kyc/lib/systemd/system/kyc-import\@.service");
like($unit, qr{^EnvironmentFile=-/opt/etc/kyc-import/%i\.env\nReadWritePaths=/srv/lib/kyc-import\nWorkingDirectory=/srv/lib/kyc-import$}m,
    'the unit may write where the state is, and StateDirectory, which is below /var, is not there');
unlike($unit, qr/^StateDirectory/m, 'in no line');
like($unit, qr{^ExecStart=/opt/kyc/bin/kyc-import run /srv/lib/kyc-import/%i\.yaml$}m, 'the unit starts the installed program');
like(read_file("$root/usr/local/lib/systemd/system/kyc-import\@.service"), qr{^StateDirectory=kyc-import\nStateDirectoryMode=0711\n}m, 'the default has it');
like(read_file("$other/opt/kyc/share/doc/kyc-import/examples/kyc-import.cron"), qr{^PATH=/opt/kyc/bin:}m, 'cron finds the installed program');
my @texts = grep { !m{/bin/|\.gz$} } keys %{tree($other)};
is_deeply([grep { read_file("$other/$_") =~ m{/usr/local/bin/kyc-|(?<!/opt)/etc/kyc-import|/var/lib/kyc-import} } @texts], [], 'no text names another place');
is_deeply([grep { read_file("$other/$_") =~ /\Q$scratch\E/ } keys %{tree($other)}], [], 'no file names DESTDIR');
for my $name (grep { /\.md$/ } @texts) {
    my ($folder) = $name =~ m{^(.*/)};
    my @links = grep { !-e "$other/$folder$_" } read_file("$other/$name") =~ /\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g;
    is_deeply(\@links, [], "$name: each link leads to an installed file");
}

# PREFIX must be a path that a unit can hold.
$ENV{DESTDIR} = "$scratch/never";
for my $setting ('PREFIX=usr', 'PREFIX=/with blank', 'sysconfdir=etc', 'localstatedir=/a"b') {
    my ($name, $path) = split /=/, $setting;
    local $ENV{$name} = $path;
    ($status, $out, $err) = run_program('scripts/install-files', 'install');
    ok($status == 1 && $err =~ /^install: error: '\Q$path\E' is not an absolute path .*\nhint: PREFIX, sysconfdir and localstatedir /m, "$setting is refused") or diag($err);
}
delete $ENV{DESTDIR};
ok(!-e "$scratch/never", 'before a file is made');

waitpid $demo, 0;
is($?, 0, 'the demo among the examples runs') or diag(read_file("$scratch/demo.out"));
like(read_file("$scratch/demo.out"), qr/^== it fits: 2191 created by our ledger, 2191 users there, 0 twice$/m, 'creates each user once');
ok(-s "$scratch/kyc-import-demo/report/report.html", 'and leaves its report in the current folder');

# Uninstalled: what was there before stays.
($status, $out, $err) = make('uninstall', "DESTDIR=$root");
is("$status $err", '0 ', 'make uninstall');
is_deeply([sort keys %{tree($root)}], [qw(usr/local/bin/other usr/local/share/doc/kyc-import/examples/mine.yaml)], 'removes its files and no others');
($status, $out, $err) = make('uninstall', "DESTDIR=$other", 'PREFIX=/opt/kyc');
is_deeply(tree($other), {}, 'none is left');
is_deeply([grep { m{/kyc-import\b} } keys %{tree($other, 'd')}], [], 'nor a folder of its own');
($status, $out, $err) = make('uninstall', "DESTDIR=$other", 'PREFIX=/opt/kyc');
is("$status $err", '0 ', 'a second uninstall does not mind');

# The package.
SKIP: {
    skip 'no dpkg-deb here', 1 if !$has_dpkg;
    ($status, $out, $err) = make('deb', 'DEB_VERSION=0.1.0~test');
    is("$status $err", '0 ', 'make deb');
    my ($package) = $out =~ m{^DEB (\Q$build\E/kyc-import_0\.1\.0~test_[a-z0-9]+\.deb)\n\z} or diag($out);
    waitpid $second, 0;
    my ($same) = read_file("$scratch/second.out") =~ /^DEB (.*)/;
    ok(read_file($package) eq read_file($same // '/dev/null'), 'has the same bytes when it is built again elsewhere') or diag(read_file("$scratch/second.out"));
    run_program('dpkg-deb', '--raw-extract', $package, "$scratch/deb");
    move($package, "$scratch/kyc-import.deb") or die $!;    # from another file system, when scratch folders are in memory

    my $files = tree("$scratch/deb");
    is_deeply([grep { !m{^usr/} } sort keys %$files],
        [qw(DEBIAN/conffiles DEBIAN/control DEBIAN/md5sums DEBIAN/postinst DEBIAN/postrm DEBIAN/prerm etc/kyc-import/example.env)],
        'outside of /usr only the list of credentials');
    my $installed = expected('usr');
    delete @$installed{map { "usr/share/doc/kyc-import/$_" } 'examples/example.env', 'LICENSE'};
    $installed->{"usr/share/doc/kyc-import/$_"} = '0644' for qw(copyright changelog.gz);
    $installed = {map { ((m{/man/} ? "$_.gz" : $_) => $installed->{$_}) } keys %$installed};
    is_deeply({map { ($_ => $files->{$_}) } grep { m{^usr/} } keys %$files}, $installed, 'below /usr what make install puts there');
    unlike(read_file("$scratch/deb/usr/share/doc/kyc-import/README.md"), qr/\(LICENSE\)/, 'where Debian has the license in another place');
    is(read_file("$scratch/deb/DEBIAN/conffiles"), "/etc/kyc-import/example.env\n", 'which is a conffile');
    my ($listing) = (run_program('dpkg-deb', '-c', "$scratch/kyc-import.deb"))[1];
    is_deeply([grep { !m{^\S+ root/root } } split /\n/, $listing], [], 'everything belongs to root');
    my ($control) = (run_program('dpkg-deb', '-f', "$scratch/kyc-import.deb"))[1];
    like($control, qr/^Package: kyc-import\nVersion: 0\.1\.0~test\n/, 'its name and version');
    like($control, qr/^Depends: .*\blibc6 \(>= .*\blibphonenumber8.*\blibsimdjson.*\bca-certificates\b/m, 'depends on the libraries that the programs use');
    like((run_program('sh', '-c', "cd $scratch/deb && md5sum --quiet -c DEBIAN/md5sums && wc -l <DEBIAN/md5sums"))[1], qr/\A(\d+)\n\z/, 'its checksums are right');
    is((run_program('readelf', '-S', "$scratch/deb/usr/bin/kyc-import"))[1] =~ /\.(?:symtab|debug_info)\b/ ? 'symbols' : 'none', 'none', 'the programs are stripped');
    for my $script (qw(postinst prerm postrm)) {
        is((run_program('sh', '-n', "$scratch/deb/DEBIAN/$script"))[0], 0, "$script is a script for sh");
        unlike(read_file("$scratch/deb/DEBIAN/$script"), qr/\b(?:enable|start|restart)\b(?! of| ..)(?=.*kyc)/, "$script neither enables nor starts a unit");
    }
  SKIP: {
        skip 'no lintian here', 1 if system('command -v lintian >/dev/null');
        ($status, $out, $err) = run_program('lintian', '--allow-root', '--tag-display-limit', '0', '--fail-on', 'error,warning', "$scratch/kyc-import.deb");
        is($status, 0, 'lintian finds no error and no warning') or diag($out, $err);
    }
}
# The folder of metrics may be a link to the node exporter's, that of the jobs one to another disk. The user of the jobs owns
# what is in the latter: nothing there makes a purge fail, or removes anything elsewhere.
for my $row (
    ['metrics/ is a link to a folder', sub { symlink 'elsewhere', "$_[0]/var/lib/kyc-import/metrics"; mkdir "$_[0]/var/lib/kyc-import/elsewhere" }],
    ['metrics/ is a link to nothing', sub { symlink 'none', "$_[0]/var/lib/kyc-import/metrics" }],
    ['metrics/ is a file', sub { write_file("$_[0]/var/lib/kyc-import/metrics", '') }],
    ['the state is a link to a folder', sub { rmdir "$_[0]/var/lib/kyc-import"; mkdir "$_[0]/elsewhere"; symlink '../../elsewhere', "$_[0]/var/lib/kyc-import" }],
) {
    my ($sentence, $make) = @$row;
    my $root = scratch_folder();
    mkdir "$root/$_" for qw(var var/lib var/lib/kyc-import etc etc/kyc-import);
    $make->($root);
    local $ENV{DPKG_ROOT} = $root;
    my ($status, undef, $err) = run_program('sh', 'scripts/debian/postrm', 'purge');
    is($status, 0, "$sentence: a purge does not fail") or diag $err;
    like($err, qr/^kyc-import: \/var\/lib\/kyc-import is kept/m, "$sentence: it is kept");
    ok(!-e "$root/etc/kyc-import", "$sentence: the empty folder of credentials is removed");
    ok(-d "$root/elsewhere" || -d "$root/var/lib/kyc-import/elsewhere", "$sentence: what the link names stays") if $sentence =~ /to a folder/;
}
done_testing;
