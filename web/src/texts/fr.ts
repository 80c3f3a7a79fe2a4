/** Phrases françaises. */
import type { NoticeKind } from '../protocol.js';
import type { Texts } from './en.js';

const notices: Record<NoticeKind, string> = {
  order_paid: 'commande payée',
  unread: 'messages non lus',
  reminder: 'échéance proche',
  started: 'commande démarrée',
  delivered: 'travail livré',
  closed: 'commande terminée',
  cancelled: 'commande annulée',
  missed_call: 'appel manqué',
};

/** « de Marc », « d’Aline » */
const de = (name: string): string => (/^[aeiouyhàâäéèêëîïôöùûü]/i.test(name) ? `d’${name}` : `de ${name}`);

export const fr: Texts = {
  units: { day: 'j', hour: 'h', minute: 'min', second: 's' },
  you: 'Vous',
  someone: 'Un membre',
  role: { buyer: 'Client', seller: 'Vendeur' },
  close: 'Fermer',
  cancelDialog: 'Pas maintenant',
  retry: 'Réessayer',
  dismiss: 'Compris',

  state: {
    awaiting_validation: 'En attente de validation',
    in_progress: 'En cours',
    late: 'En retard',
    delivered: 'Livrée',
    closed: 'Terminée',
    cancelled: 'Annulée',
  },
  timer: {
    brief_window: 'Pour valider la commande',
    delivery: 'Avant la livraison',
    review: 'Pour vérifier la livraison',
    chat_tail: 'Pour encore échanger',
    ring: 'Sonnerie',
  },
  timerShort: {
    brief_window: 'pour valider',
    delivery: 'pour livrer',
    review: 'pour vérifier',
    chat_tail: 'pour échanger',
    ring: 'sonnerie',
  },
  timerName: {
    brief_window: 'le délai de validation',
    delivery: 'la date de livraison',
    review: 'le délai de vérification',
    chat_tail: 'la conversation',
    ring: 'la sonnerie',
  },

  countdown: {
    heading: 'Temps restant',
    zeroNow: 'Le délai est écoulé. Mise à jour…',
    due: (when) => `Jusqu’au ${when}`,
    announce: (left, sentence) => `Il reste ${left}. ${sentence}`,
    none: 'Aucun délai en cours',
    over: 'Délai écoulé',
  },

  steps: {
    heading: 'Où en est la commande',
    paid: 'Payée',
    paidHint: 'L’argent est à l’abri, sous séquestre.',
    hint: {
      awaiting_validation: 'Le cahier des charges se transmet, les questions se posent.',
      in_progress: 'Le vendeur est à l’ouvrage.',
      late: 'La date de livraison est passée.',
      delivered: 'Le client vérifie le travail.',
      closed: 'Le vendeur est payé.',
      cancelled: 'Le client récupère son argent.',
    },
    done: 'fait',
    current: 'étape en cours',
    upcoming: 'à venir',
    since: (ago) => `depuis ${ago}`,
  },

  turn: {
    yours: 'À vous de jouer',
    theirs: (name) => `Au tour ${de(name)}`,
    since: (ago) => `depuis ${ago}`,
    justNow: 'depuis un instant',
    nobody: 'Rien à faire',
  },

  guide: {
    buyer: {
      awaiting_validation: (other) =>
        `Transmettez à ${other} tout ce qu’il faut pour commencer : textes, souhaits, exemples. Puis indiquez que tout y est.`,
      handed: (other) => `${other} a votre cahier des charges et peut démarrer. Vous pouvez encore le compléter ici.`,
      in_progress: (other) => `${other} travaille sur votre commande. Une question ? Posez-la ici, ou de vive voix.`,
      late: (other) =>
        `La date de livraison est passée. Vous pouvez laisser du temps à ${other}, ou annuler et être remboursé.`,
      delivered: (other) => `Regardez ce que ${other} vous a livré. Si vous l’acceptez, l’argent lui est versé.`,
      closed: () => 'Tout est terminé. Merci de votre confiance !',
      cancelled: () => 'La commande est annulée. Vous pourrez la repasser quand vous aurez tout sous la main.',
    },
    seller: {
      awaiting_validation: (other) =>
        `Demandez à ${other} ce qui manque. Dès que vous pouvez commencer, démarrez la commande : le compteur s’arrête.`,
      handed: (other) => `${other} indique que tout y est. Si rien ne vous manque, démarrez la commande.`,
      in_progress: (other) => `À vous de créer. Livrez votre travail ici, ${other} le vérifiera.`,
      late: (other) => `La date de livraison est passée. Livrez vite : ${other} peut désormais annuler.`,
      delivered: (other) =>
        `${other} vérifie votre travail. Sans réponse, la commande se termine d’elle-même et vous êtes payé.`,
      closed: () => 'Tout est terminé. L’argent est dans votre portefeuille.',
      cancelled: () => 'La commande est annulée et le client est remboursé.',
    },
  },

  escrow: {
    held: (amount) => `${amount} sous séquestre`,
    hint: 'Versés seulement quand le client valide le travail.',
    released: (amount) => `${amount} versés au vendeur`,
    refunded: (amount) => `${amount} remboursés`,
    heading: 'L’argent',
  },

  action: {
    'brief.hand_over': 'Tout est transmis',
    'order.start': 'Démarrer la commande',
    'order.cancel': 'Annuler la commande',
    'order.decline': 'Refuser la commande',
    'order.deliver': 'Livrer le travail',
    'order.close': 'Accepter la livraison',
  },
  handOverAgain: 'J’ai complété mes éléments',

  confirm: {
    'brief.hand_over': {
      title: 'Tout est transmis ?',
      body: (other, amount) =>
        `Nous indiquons à ${other} qu’il ne manque rien. Vos ${amount} restent sous séquestre ; vous pourrez encore compléter ou annuler.`,
      yes: 'Oui, tout y est',
      note: 'Un mot pour accompagner (facultatif)',
    },
    'order.start': {
      title: 'Démarrer la commande ?',
      body: (other, amount) =>
        `Vous confirmez avoir tout ce qu’il vous faut. ${amount} restent sous séquestre jusqu’à ce que ${other} accepte votre travail, et le délai de livraison commence maintenant.`,
      yes: 'Démarrer',
      note: '',
    },
    'order.cancel': {
      title: 'Annuler cette commande ?',
      body: (other, amount) =>
        `Vos ${amount} vous sont rendus en totalité et immédiatement, sur le moyen de paiement utilisé. ${other} en est informé. C’est définitif.`,
      yes: 'Annuler et être remboursé',
      note: 'Pourquoi ? (facultatif, lisible par vous deux)',
    },
    'order.decline': {
      title: 'Refuser cette commande ?',
      body: (other, amount) =>
        `${other} récupère immédiatement la totalité des ${amount}, et vous ne percevez rien pour cette commande. C’est définitif.`,
      yes: 'Refuser et rembourser',
      note: 'Un mot pour le client (facultatif)',
    },
    'order.deliver': {
      title: 'Livrer le travail ?',
      body: (other, amount) =>
        `${other} pourra le vérifier. Les ${amount} sont à vous dès son accord, ou d’office à la fin du délai de vérification. D’ici là, la conversation est en pause.`,
      yes: 'Livrer',
      note: 'Ce que vous livrez et où le trouver (facultatif)',
    },
    'order.close': {
      title: 'Accepter la livraison ?',
      body: (other, amount) =>
        `La commande est terminée et ${amount} sont versés à ${other}. C’est définitif.`,
      yes: 'Accepter et payer',
      note: '',
    },
  },
  visible: {
    wallet: 'Vous les verrez aussitôt dans votre portefeuille.',
    paypal: 'Vous les verrez aussitôt sur PayPal.',
    card: 'Votre banque les affichera sous 3 à 5 jours ouvrés.',
    unknown: 'Visibles aussitôt sur le portefeuille et PayPal, sous 3 à 5 jours ouvrés sur une carte bancaire.',
  },
  sending: 'Envoi…',
  waitsForLine: 'En attente de la connexion. Ce sera envoyé dès le retour du réseau.',
  tooLate:
    'L’envoi n’a pas abouti : la connexion a été coupée trop longtemps. À notre connaissance, rien n’a changé ; vérifiez la commande et réessayez.',

  chat: {
    heading: 'Conversation',
    placeholder: (other) => `Écrire à ${other}`,
    label: 'Votre message',
    send: 'Envoyer',
    keys: 'Entrée envoie, Maj + Entrée va à la ligne',
    left: (n) => (n < 2 ? `${n} caractère restant` : `${n} caractères restants`),
    over: (n) => (n < 2 ? `${n} caractère de trop` : `${n} caractères de trop`),
    empty: 'La conversation commence ici',
    emptyHint: (other) => `Dites bonjour à ${other}. Vos échanges sont conservés avec la commande, pour vous deux.`,
    loading: 'Ouverture de la commande…',
    older: 'Afficher les messages précédents',
    olderLoading: 'Chargement des messages précédents…',
    olderFailed: 'Les messages précédents n’ont pas pu être chargés.',
    start: 'Le début de la commande',
    fresh: (n) => (n === 0 ? 'Aller au plus récent' : n === 1 ? '1 nouveau message' : `${n} nouveaux messages`),
    unread: 'Nouveau',
    waiting: 'Envoi en cours',
    waitingOffline: 'Partira dès votre retour en ligne',
    sent: 'Envoyé',
    seen: 'Vu',
    failed: 'Non envoyé',
    discard: 'Supprimer',
    typing: (name) => `${name} est en train d’écrire…`,
    redacted: 'Ce message a été retiré.',
    today: 'Aujourd’hui',
    yesterday: 'Hier',
    said: (name, text) => `${name} : ${text}`,
    details: 'Détails',
  },
  gate: {
    delivered: 'Pendant la vérification de la livraison, la conversation est en pause.',
    ended: 'La commande est finie et la conversation fermée. Vous pouvez toujours la relire.',
    seller_only: 'Pour cette commande, c’est le vendeur qui appelle.',
  },
  gateUntil: (when) => `Vous pouvez encore échanger jusqu’au ${when}.`,
  callGate: {
    delivered: 'Pas d’appel pendant la vérification de la livraison.',
    ended: 'La commande est finie : les appels sont fermés.',
    seller_only: 'Pour cette commande, c’est le vendeur qui appelle. Proposez-lui un appel dans la conversation.',
  },

  advice: {
    heading: 'Gardez vos secrets pour vous',
    body: 'N’écrivez jamais ici de code donnant un accès complet à un compte, de coordonnées bancaires, ni votre téléphone ou votre e-mail personnels.',
    tip: 'Un accès est nécessaire ? Créez un compte dédié, avec juste les droits utiles.',
    again: 'Confidentialité',
  },

  presence: {
    online: 'En ligne',
    offline: 'Hors ligne',
    seen: (when) => `Vu ${when}`,
  },

  line: {
    connecting: 'Connexion…',
    online: 'Connecté',
    offline: 'Vous êtes hors ligne. Nous réessayons.',
    unsent: (n) => (n === 1 ? '1 message attend de partir.' : `${n} messages attendent de partir.`),
    retryIn: (s) => `Nouvel essai dans ${s} s`,
    now: 'Réessayer',
    back: 'De retour en ligne. Rien n’a été perdu.',
    stopped: {
      close_4100: 'Votre session est terminée. Rouvrez la commande depuis votre compte.',
      close_4101: 'Votre session n’est plus valable. Rouvrez la commande depuis votre compte.',
      close_4102: 'Cette page et le serveur ne se comprennent pas. Rechargez la page.',
      close_4103: 'Cette commande est ouverte dans trop de fenêtres : celle-ci est en pause.',
      close_4104: 'Une nouvelle version est disponible. Rechargez la page.',
      token_refused: 'Nous n’avons pas pu vous connecter à cette commande.',
      other: 'La connexion a été refusée.',
    },
    here: 'Continuer ici',
    reload: 'Recharger',
  },
  unavailable: 'Cette commande ne peut pas être affichée',
  unavailableHint: 'Elle appartient peut-être à un autre compte, ou le lien est incomplet.',

  call: {
    brand: 'ComeUp Direct',
    start: (name) => `Appeler ${name}`,
    startShort: 'Appeler',
    startHint: 'Un appel vocal dans le navigateur. Votre numéro reste privé.',
    calling: (name) => `Appel ${de(name)} en cours…`,
    ringing: (name) => `${name} vous appelle`,
    ringingHint: (left) => `Sonne encore ${left} s`,
    accept: 'Répondre',
    decline: 'Refuser',
    cancel: 'Annuler l’appel',
    hangUp: 'Raccrocher',
    connecting: 'Connexion du son…',
    active: (name) => `En appel avec ${name}`,
    elsewhere: 'En appel dans un autre onglet',
    elsewhereHint: 'Le son est sur votre autre onglet ou appareil.',
    elsewhereCalling: 'Appel lancé depuis un autre onglet',
    reconnecting: 'Reconnexion…',
    otherReconnecting: (name) => `La connexion ${de(name)} est fragile…`,
    otherMuted: (name) => `${name} a coupé son micro`,
    mute: 'Couper le micro',
    muteShort: 'Couper',
    unmute: 'Rétablir le micro',
    unmuteShort: 'Rétablir',
    muted: 'Votre micro est coupé',
    you: 'Vous',
    level: (name) => `Niveau sonore : ${name}`,
    microphone: 'Micro',
    microphoneDefault: 'Micro par défaut',
    sound: 'Activer le son',
    soundHint: 'Votre navigateur garde la sonnerie muette tant que vous n’avez pas cliqué.',
    again: 'Rappeler',
    ended: 'Appel terminé',
    lasted: (length) => `Durée : ${length}`,
    flash: (name) => `Appel ${de(name)}`,
    end: {
      completed: 'Appel terminé',
      declined: 'Appel refusé',
      cancelled: 'Appel annulé',
      no_answer: 'Pas de réponse',
      busy: 'Déjà en communication',
      failed: 'L’appel a été interrompu',
      stopped: 'Le service a mis fin à l’appel',
    },
    mic: {
      refused:
        'Le navigateur n’a pas accès à votre micro. Autorisez-le dans la barre d’adresse (cadenas ou micro), puis réessayez.',
      missing: 'Aucun micro trouvé. Branchez-en un ou activez-le, puis réessayez.',
      busy: 'Un autre programme utilise le micro. Fermez-le, puis réessayez.',
      insecure: 'Les appels demandent une adresse sécurisée (https) ou cet ordinateur même (localhost).',
      other: 'Le micro n’a pas pu être ouvert. Vérifiez-le, puis réessayez.',
    },
    failed: 'Le son n’a pas pu être établi. Vérifiez votre réseau, puis rappelez.',
  },

  entry: {
    order_paid: (me, name, title, amount) =>
      me ? `Vous avez commandé « ${title} » pour ${amount}` : `${name} a commandé « ${title} » pour ${amount}`,
    brief_handed_over: (me, name) =>
      me ? 'Vous avez indiqué que tout est transmis' : `${name} indique que tout est transmis`,
    order_started: (me, name, when) =>
      `${me ? 'Vous avez' : `${name} a`} démarré la commande. Livraison pour le ${when}`,
    order_late: () => 'La date de livraison est passée',
    order_delivered: (me, name) => `${me ? 'Vous avez' : `${name} a`} livré le travail`,
    order_closed: (me, name, byClock) =>
      byClock
        ? 'Le délai de vérification est écoulé : la commande est terminée'
        : `${me ? 'Vous avez' : `${name} a`} accepté la livraison : la commande est terminée`,
    order_cancelled: {
      buyer_cancelled: (me, name) => `${me ? 'Vous avez' : `${name} a`} annulé la commande`,
      seller_declined: (me, name) => `${me ? 'Vous avez' : `${name} a`} refusé la commande`,
      brief_window_over: () => 'Le délai de validation est écoulé : la commande est annulée',
      late: (me, name) => `${me ? 'Vous avez' : `${name} a`} annulé la commande en retard`,
    },
    money_held: (amount) => `${amount} placés sous séquestre`,
    money_refunded: (amount) => `${amount} remboursés au client`,
    money_released: (amount) => `${amount} versés au vendeur`,
    deadline_set: {
      brief_window: (when) => `Délai de validation : jusqu’au ${when}`,
      delivery: (when) => `Date de livraison : ${when}`,
      review: (when) => `Délai de vérification : jusqu’au ${when}`,
      chat_tail: (when) => `La conversation reste ouverte jusqu’au ${when}`,
      ring: (when) => `Sonne jusqu’au ${when}`,
    },
    deadline_near: (left, purpose) => `Rappel : encore ${left} ${purpose}`,
    deadline_fired: (timer) => `Délai écoulé : ${timer}`,
    call_rang: (me, name) => `${me ? 'Vous avez' : `${name} a`} appelé`,
    call_answered: (me, name) => `${me ? 'Vous avez' : `${name} a`} répondu`,
    call_lasted: (length) => `Appel, ${length}`,
    call_missed: (me, name) => (me ? 'Votre appel est resté sans réponse' : `Appel manqué ${de(name)}`),
    notice_sent: (toMe, name, about) =>
      `E-mail envoyé ${toMe ? 'à vous' : `à ${name}`} : ${notices[about] ?? 'à propos de la commande'}`,
    notice_bounced: (toMe, name, about) =>
      `Un e-mail ${toMe ? 'pour vous' : `pour ${name}`} n’a pas pu être remis : ${notices[about] ?? 'à propos de la commande'}`,
    entry_redacted: () => 'Un message a été retiré',
    redacted: 'Retiré',
    unknown: 'Un événement que cette version ne sait pas afficher. Rechargez la page pour le voir.',
  },

  questions: {
    heading: 'Bon à savoir',
    buyer: [
      [
        'Et si je n’ai pas encore tout ?',
        'Envoyez ce que vous avez et dites quand viendra le reste. Si cela ne suffit pas à temps, la commande s’annule, vous êtes remboursé en totalité et vous pourrez la repasser plus tard.',
      ],
      [
        'Le vendeur ne répond pas, que faire ?',
        'Laissez-lui quelques heures, puis relancez-le : chaque message lui est aussi signalé par e-mail. En dernier recours, vous pouvez annuler à tout moment de cette étape, avec remboursement intégral.',
      ],
      [
        'Où est mon argent ?',
        'Sur un compte séquestre sécurisé. Le vendeur ne le touche qu’une fois la commande finie et validée par vous.',
      ],
      [
        'Un doute ?',
        'Posez la question dans la conversation ou proposez un appel : deux minutes de vive voix valent souvent dix messages.',
      ],
    ],
    seller: [
      [
        'Et s’il manque un élément essentiel ?',
        'Demandez-le ici ou de vive voix. S’il n’arrive pas à temps, la commande s’annule d’elle-même et le client est remboursé.',
      ],
      [
        'Quand suis-je payé ?',
        'L’argent est déjà sous séquestre. Il est à vous dès que le client accepte la livraison, ou quand le délai de vérification est passé.',
      ],
    ],
  },

  panel: { open: 'Voir la commande', close: 'Retour à la conversation', heading: 'La commande' },

  demo: {
    title: 'La salle de commande',
    tag: 'Démo',
    lead: 'Une salle par commande : se parler, s’appeler, voir le temps et l’argent, ensemble.',
    body: 'Chaque commande a un client et un vendeur. Ouvrez les deux, côte à côte dans deux fenêtres, et vivez-la.',
    openAs: { buyer: 'Ouvrir côté client', seller: 'Ouvrir côté vendeur' },
    again: 'Recommencer la démo',
    againBusy: 'On recommence…',
    mailbox: 'Boîte aux lettres',
    mailboxHint: 'Tous les e-mails envoyés par le service',
    home: 'Toutes les commandes',
    you: (name, role) => `Vous êtes ${name}, ${role}`,
    other: (name) => `Ouvrir la fenêtre ${de(name)}`,
    failed: 'Les commandes de démo n’ont pas pu être chargées. Le serveur tourne-t-il ?',
    none: 'Il n’y a pas encore de commande de démo.',
    signIn: 'Cette fenêtre n’est pas connectée pour cette personne. Rouvrez la commande depuis la page de démo.',
    zeroIn: (left) => `Reste ${left}`,
    noClock: 'Aucun délai en cours',
    tryHeading: 'À essayer',
    tries: [
      ['Discuter', 'Écrivez dans une fenêtre, lisez dans l’autre. Fermez-en une, écrivez cinq lignes, rouvrez-la.'],
      ['Appeler', 'Appelez depuis une fenêtre, répondez dans l’autre. Le son passe par le serveur : aucune adresse n’est révélée.'],
      ['Attendre zéro', 'Une commande n’a plus que trois minutes. Regardez les deux fenêtres à l’échéance, puis la boîte aux lettres.'],
    ],
    language: 'Langue',
  },

  mailbox: {
    title: 'Boîte aux lettres',
    lead: 'Ce que le service a envoyé aux clients et vendeurs de la démo. Rien ne quitte cette machine.',
    empty: 'Aucun e-mail pour l’instant',
    emptyHint:
      'Écrivez un message et laissez-le trois minutes sans le lire, manquez un appel, ou laissez la commande courte arriver à zéro.',
    to: 'À',
    html: 'Mis en page',
    text: 'Texte brut',
    pick: 'Choisissez un e-mail pour le lire.',
    failed: 'La boîte aux lettres n’a pas pu être chargée.',
    back: 'Retour à la liste',
    kind: notices,
  },
};
